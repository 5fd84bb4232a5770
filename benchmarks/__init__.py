"""How fast it is, beside the simulators' own speed and a peer's, and what a cluster gains over `dvc repro`."""
