"""A run of training: its checkpoints, its metrics, its seeds, and how its process computes."""
