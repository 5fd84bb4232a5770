"""What `dvc repro` would run, why, and how long that takes."""
