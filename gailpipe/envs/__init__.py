"""Environments: what they are, many copies of them for training, and their episodes in Gymnasium."""
