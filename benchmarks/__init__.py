"""How fast it is, beside the environments' own speed and a peer's; what a cluster gains; and what DVC itself costs."""
