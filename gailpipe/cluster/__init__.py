"""Many stages at once, on the cores of this machine or on many machines."""
