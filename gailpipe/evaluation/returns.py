"""Returns of episodes: of evaluated policies, and of the trajectories that were demonstrated."""

from pathlib import Path

import polars as pl
from numpy import float64
from numpy.typing import NDArray

from gailpipe.foundation.tables import read_table

MODES = ("deterministic", "stochastic")
SCHEMA = {
    "policy": pl.String,  # random, expert, or who learned it
    "seed": pl.Int16,  # of the run that learned it; null for random and expert
    "mode": pl.String,  # one of MODES
    "episode": pl.Int32,
    "return": pl.Float32,
    "length": pl.Int32,
}


def read_returns(path: Path) -> pl.DataFrame:
    """Read a table of `SCHEMA`, with returns in double precision: means of them are published.

    Raises:
        UserError: The file is missing or damaged, or lacks a column.
    """
    return read_table(path, SCHEMA).select(list(SCHEMA)).cast(pl.Schema(SCHEMA | {"return": pl.Float64}))


def trajectory_returns(path: Path) -> NDArray[float64]:
    """Return the returns of the whole trajectories that the demonstrations at `path` have steps of, (trajectories,).

    There are none where a trajectory's is unknown: recordings may lack rewards.
    """
    table = read_table(path, ("trajectory", "trajectory_return"))
    returns = table.unique("trajectory", maintain_order=True)["trajectory_return"].cast(pl.Float64)
    return returns.head(0 if returns.null_count() else len(returns)).to_numpy()
