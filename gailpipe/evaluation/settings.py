"""Settings of the evaluation, and of the samples of state occupancies."""

from pydantic import PositiveInt

from gailpipe.foundation.params import Section


class Evaluate(Section):
    episodes: PositiveInt
    """Per policy, and for its deterministic and its stochastic form alike."""


class Occupancy(Section):
    episodes: PositiveInt
    """Played by each policy."""
    states: PositiveInt
    """Kept of them, and of the demonstrations, at equal distances."""
