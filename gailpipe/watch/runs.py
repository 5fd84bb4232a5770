"""The runs that have left a log, and how they are getting on."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import isnan, nan
from pathlib import Path
from typing import Literal

from gailpipe.foundation.scratch import state
from gailpipe.training.log import Logged, read_log


@dataclass(frozen=True)
class WatchedRun:
    """A run, and the state of the work that it is part of."""

    logged: Logged
    state: Literal["runs", "was interrupted", "is done"]

    @property
    def steps(self) -> float:
        return min(self.logged.rows[-1][self.logged.clock], self.logged.steps)  # the last iteration may do some more

    @property
    def steps_per_second(self) -> float:
        """Since this process started."""
        return (self.steps - self.logged.resumed) / max(self.logged.seconds, 1e-9)

    @property
    def seconds_left(self) -> float:
        return (self.logged.steps - self.steps) / max(self.steps_per_second, 1e-9)

    def values(self, metric: str) -> list[float]:
        """Return the values of a metric, without those that are unknown."""
        return [row[metric] for row in self.logged.rows if not isnan(row.get(metric, nan))]


def watched_runs(root: Path) -> list[WatchedRun]:
    """Return the runs of which there are logs below `root`, those that go on first."""
    runs = [
        WatchedRun(logged, state(folder))
        for folder in sorted(root.glob("*/"))
        for path in _logs(folder)
        if (logged := read_log(path)) is not None
    ]
    return sorted(runs, key=lambda run: run.state != "runs")


def _logs(folder: Path) -> list[Path]:
    try:
        return sorted(folder.rglob("*.jsonl"))
    except FileNotFoundError:  # the work has ended meanwhile, and is on record
        return []


def curve(values: Iterable[float], width: int) -> str:
    """Return a line of blocks, at most `width` of them, each as high as the mean of its part of `values`."""
    values, blocks = list(values), "▁▂▃▄▅▆▇█"
    width = min(width, len(values))
    parts = [values[place * len(values) // width : (place + 1) * len(values) // width] for place in range(width)]
    means = [sum(part) / len(part) for part in parts]
    low, high = min(means, default=0.0), max(means, default=0.0)
    return "".join(blocks[int((mean - low) / ((high - low) or 1.0) * (len(blocks) - 1))] for mean in means)
