"""The cells of a pipeline, and what it made of them: one table of policies, and one of curves."""
