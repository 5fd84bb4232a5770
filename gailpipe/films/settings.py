"""Settings of films."""

from gailpipe.foundation.params import PositiveFloat, Section


class Film(Section):
    """An episode's beginning as a moving picture."""

    seconds: PositiveFloat
    """Of the film, at most; how many steps are a second is the environment's `render_fps`."""
