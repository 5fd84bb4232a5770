"""Policies judged: the returns of their episodes, and what share of the expert's they are."""
