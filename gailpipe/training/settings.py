"""Settings of whoever learns from demonstrations."""

from pydantic import PositiveInt

from gailpipe.foundation.params import Section


class Imitator(Section):
    """What all have that learn from demonstrations."""

    trajs: PositiveInt
    """Size of the demonstration set."""
    seeds: PositiveInt
    """Runs that differ in nothing else."""

    @property
    def interactions(self) -> int:
        """Return how many steps of the environment a run takes, of all copies together."""
        return 0
