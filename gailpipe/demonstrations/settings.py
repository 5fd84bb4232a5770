"""Settings of the demonstrations."""

from pydantic import PositiveInt

from gailpipe.foundation.params import Section


class Sample(Section):
    """How many trajectories of the expert are kept, and which of their steps."""

    trajs: PositiveInt
    every: PositiveInt
    """The subsampling interval: every `every`-th step is kept, from a random start."""
