"""Settings of films."""

from gailpipe.params.base import Section
from gailpipe.params.training import PositiveFloat


class Film(Section):
    """An episode's beginning as a moving picture."""

    seconds: PositiveFloat
    """Of the film, at most; how many steps are a second is the task's `render_fps`."""
