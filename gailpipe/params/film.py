"""Settings of films."""

from gailpipe.params.base import Section
from gailpipe.params.training import PositiveFloat


class Film(Section):
    """An episode's beginning as a moving picture."""

    seconds: PositiveFloat
    """Of the task's own time, at most."""
