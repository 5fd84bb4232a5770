"""Policies: what they are, how they are kept and resumed, and their learning curves."""
