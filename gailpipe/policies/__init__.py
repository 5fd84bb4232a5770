"""Policies: what they are, how they are kept, and the runs that a learner makes of them."""
