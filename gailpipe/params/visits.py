"""Settings of the states that are kept of each policy."""

from pydantic import PositiveInt

from gailpipe.params.base import Section


class Visits(Section):
    episodes: PositiveInt
    """Played by each policy."""
    states: PositiveInt
    """Kept of them, at equal distances."""
