"""Errors, files, seeds, progress and processes: what every other room stands on."""
