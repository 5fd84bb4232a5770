"""Recordings in others' formats: a module for each, and `read` that recognises them."""
