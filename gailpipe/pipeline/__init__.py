"""The whole of params.yaml and sets.yaml."""
