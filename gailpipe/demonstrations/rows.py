"""Where trajectories are in a table of pairs."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from gailpipe.foundation.errors import UserError


@dataclass(frozen=True)
class Rows:
    """Where trajectories are in a table: each is `first[i]` to `last[i]`, and is numbered `ids[i]`."""

    first: NDArray[np.int_]
    last: NDArray[np.int_]
    ids: NDArray[np.int_]

    def __iter__(self) -> "zip[tuple[int, slice]]":
        """Yield each trajectory's number, and its rows."""
        return zip(
            self.ids.tolist(),
            (slice(a, b + 1) for a, b in zip(self.first.tolist(), self.last.tolist(), strict=True)),
            strict=True,
        )


def rows_of(path: Path, table: pl.DataFrame) -> Rows:
    """Find the trajectories, each of which must stand in one piece, with its steps in order.

    Raises:
        UserError: A step is there twice, a trajectory comes back after another, or steps are out of order.
    """
    ids, stepped = table["trajectory"].to_numpy(), table["step"].null_count() == 0
    if stepped and (twice := table.select("trajectory", "step").is_duplicated()).any():
        row = int(twice.to_numpy().argmax())
        raise UserError(
            f"{path}: trajectory {ids[row]} has step {table['step'][row]} twice; number trajectories anew, so that "
            "each has a number of its own"
        )
    changes = np.flatnonzero(ids[1:] != ids[:-1]) + 1
    first, last = np.concatenate([[0], changes]), np.concatenate([changes, [len(ids)]]) - 1
    known: set[int] = set()
    for start, number in zip(first.tolist(), ids[first].tolist(), strict=True):
        if number in known:
            raise UserError(
                f"{path}: trajectory {number} comes back in row {start}, after trajectory {ids[start - 1]}; sort the "
                "rows, or number trajectories anew"
            )
        known.add(number)
    if stepped:
        steps = table["step"].to_numpy()
        back = np.flatnonzero((ids[1:] == ids[:-1]) & (steps[1:] < steps[:-1]))
        if len(back):
            row = int(back[0])
            raise UserError(
                f"{path}: trajectory {ids[row]}: step {steps[row + 1]} comes after step {steps[row]}; sort the rows"
            )
    return Rows(first, last, ids[first])


def unfinished(table: pl.DataFrame) -> NDArray[np.bool_]:
    """Tell of each row, (num_pairs,), whether it is known that the trajectory did not end there."""
    going_on = pl.col("terminated").eq_missing(False) & ~pl.col("truncated").fill_null(False)
    return table.select(going_on).to_series().to_numpy()


def has_all(steps: NDArray[np.integer]) -> bool:
    return bool((steps == np.arange(len(steps))).all())


def place_of(table: pl.DataFrame, row: int) -> str:
    return f"row {row}" if table["step"][row] is None else f"step {table['step'][row]}"
