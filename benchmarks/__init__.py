"""How fast it is, beside the environments' own speed and a peer's, and what a cluster gains over `dvc repro`."""
