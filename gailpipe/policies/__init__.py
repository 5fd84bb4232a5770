"""Policies: their networks and normaliser, and their files."""
