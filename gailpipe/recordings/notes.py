"""What may well be meant, but is worth a line on stderr."""

import sys
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from gailpipe.demonstrations.rows import Rows, has_all, unfinished
from gailpipe.envs.environment import Environment

NAMED = 10  # trajectories or features, at most, in a line


def note_ends(path: Path, table: pl.DataFrame, rows: Rows, environment: Environment) -> None:
    """Say which trajectories have no end, or are too long. Where steps are left out, the end may be one of them."""
    if table["step"].null_count():
        return
    steps, limit, goes_on = table["step"].to_numpy(), environment.max_episode_steps, unfinished(table)
    open_ended = [number for number, at in rows if goes_on[at][-1] and has_all(steps[at]) and steps[at][-1] + 1 < limit]
    if open_ended:
        note(f"{path}: neither terminated nor truncated: trajectories {some(open_ended)}; are they whole?")
    if too_long := [number for number, at in rows if steps[at][-1] >= limit]:
        note(
            f"{path}: more steps than the {limit} after which {environment.name} ends: trajectories {some(too_long)}; "
            f"are several in one? if not, set envs.{environment.name}.max_episode_steps"
        )


def note_features(path: Path, observations: NDArray) -> None:
    """Say which features do not vary, or by hardly more than single precision tells apart."""
    std, largest = observations.std(0, dtype=np.float64), np.abs(observations).max(0)  # each (observation_dim,)
    constant = (observations == observations[0]).all(0)
    blurred = ~constant & (std < 10 * np.spacing(largest.astype(np.float32)))
    if constant.any():
        note(f"{path}: observation: features that never vary: {some(np.flatnonzero(constant).tolist())}")
    if blurred.any():
        features = some(np.flatnonzero(blurred).tolist())
        note(f"{path}: observation: features that vary by hardly more than single precision tells apart: {features}")


def some(numbers: list[int]) -> str:
    """Name some of many numbers."""
    shown = ", ".join(map(str, numbers[:NAMED]))
    return shown + (f" and {len(numbers) - NAMED} more" if len(numbers) > NAMED else "")


def note(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
