"""Recordings in others' formats: a module for each, `read` that recognises them, and what is checked."""
