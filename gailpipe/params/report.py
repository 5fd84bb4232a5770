"""Settings of the report."""

from gailpipe.params.base import Section
from gailpipe.params.training import PositiveFraction


class Report(Section):
    smoothing: PositiveFraction
    """Share of a run's iterations that a point of a learning curve averages over."""
