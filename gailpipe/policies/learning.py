"""Learning curves: the figures of a run, one row an iteration, shown while they arise."""

from collections.abc import Iterable
from math import isnan, nan

import polars as pl
import polars.selectors as cs

from gailpipe.foundation.progress import Progress
from gailpipe.policies.checkpoint import Checkpoint, Figures

SHOWN = {
    "return": "return",
    "validation_error": "validation error",
    "expert_accuracy": "D right on expert",
    "policy_accuracy": "on policy",
}


def watch(training: Iterable[Figures], checkpoint: Checkpoint, clock: str, progress: Progress) -> pl.DataFrame:
    """Run through `training`, show how far it is, and return the figures of all its iterations as a table.

    Args:
        training: Yields the figures of each iteration.
        checkpoint: Where it keeps them; those of an earlier process are there already.
        clock: The figure that counts the steps so far.
        progress: Where they are shown.
    """
    shown: dict[str, float] = {}
    before = 0.0
    if checkpoint.figures:
        before = checkpoint.figures[-1][clock]
        progress.resume(int(before))
    for figures in training:
        shown |= {name: figures[key] for key, name in SHOWN.items() if not isnan(figures.get(key, nan))}
        progress.advance(int(figures[clock] - before), shown)
        before = figures[clock]
    no_episode_ended = cs.by_name("return", "length", require_all=False)
    return pl.DataFrame(checkpoint.figures).with_columns(no_episode_ended.fill_nan(None))
