"""Tasks: what they are, their simulators for training, and their episodes in Gymnasium."""
