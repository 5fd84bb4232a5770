"""Settings of the report."""

from pydantic import PositiveInt

from gailpipe.params.base import Section


class Report(Section):
    smoothing: PositiveInt
    """Iterations that a point of a learning curve averages over."""
