"""One module per stage of dvc.yaml, each run as `python -m stages.NAME`."""
