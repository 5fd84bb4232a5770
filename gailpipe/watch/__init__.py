"""Trainings under way, as a table in a terminal."""
