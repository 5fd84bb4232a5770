"""Which demonstration sets a pipeline learns from."""
