"""Policies and how they learn from rollouts: TRPO with a value function, on any reward."""
