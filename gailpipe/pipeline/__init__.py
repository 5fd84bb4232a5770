"""The whole of params.yaml."""
