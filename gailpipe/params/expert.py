"""Settings of the expert."""

from gailpipe.params.training import Training


class Expert(Training):
    """TRPO on the environment's own reward."""
