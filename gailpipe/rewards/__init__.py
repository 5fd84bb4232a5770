"""Learned rewards: networks that judge pairs, and their files."""
