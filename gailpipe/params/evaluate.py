"""Settings of the evaluation."""

from pydantic import PositiveInt

from gailpipe.params.base import Section


class Evaluate(Section):
    episodes: PositiveInt
    """Per policy, and for its deterministic and its stochastic form alike."""
