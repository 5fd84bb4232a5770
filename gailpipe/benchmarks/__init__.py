"""How fast it is, measured side by side with the simulator's own speed and with a peer."""
