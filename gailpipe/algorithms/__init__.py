"""A room for each algorithm: its settings, what it learns by, and what it writes."""
