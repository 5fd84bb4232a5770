"""Learning curves: the figures of a run, one row an iteration, shown while they arise."""

from collections.abc import Iterable
from math import isnan, nan

import polars as pl
import polars.selectors as cs

from gailpipe.foundation.progress import Progress

SHOWN = {
    "return": "return",
    "validation_error": "validation error",
    "expert_accuracy": "D right on expert",
    "policy_accuracy": "on policy",
}


def watch(figures_of_iterations: Iterable[dict[str, float]], clock: str, progress: Progress) -> pl.DataFrame:
    """Run through `figures_of_iterations`, show how far they are, and return them as a table.

    Args:
        figures_of_iterations: What a training yields.
        clock: The figure that counts the steps so far.
        progress: Where they are shown.
    """
    rows: list[dict[str, float]] = []
    shown: dict[str, float] = {}
    before = 0.0
    for figures in figures_of_iterations:
        rows.append(figures)
        shown |= {name: figures[key] for key, name in SHOWN.items() if not isnan(figures.get(key, nan))}
        progress.advance(int(figures[clock] - before), shown)
        before = figures[clock]
    no_episode_ended = cs.by_name("return", "length", require_all=False)
    return pl.DataFrame(rows).with_columns(no_episode_ended.fill_nan(None))
