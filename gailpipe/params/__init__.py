"""Pydantic models of params.yaml, one module a section, so that a stage depends on what it reads and no more."""
