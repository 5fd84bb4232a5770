"""Settings of the report."""

from gailpipe.foundation.params import PositiveFraction, Section


class Report(Section):
    smoothing: PositiveFraction
    """Share of a run's iterations that a point of a learning curve averages over."""
