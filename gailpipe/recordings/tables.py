"""Tables with a row for each pair: Parquet, or CSV with a column for each number."""

import re
import sys
from pathlib import Path

import polars as pl

from gailpipe.demonstrations.table import KNOWN, NEEDED
from gailpipe.envs.environment import Environment
from gailpipe.foundation.errors import UserError
from gailpipe.foundation.tables import read_table
from gailpipe.recordings.arrays import require_columns

VECTORS = ("observation", "action", "next_observation")


def read_parquet(path: Path, environment: Environment) -> pl.DataFrame:
    """Read a Parquet file with at least trajectory, observation and action.

    Raises:
        UserError: It is damaged, or lacks a column.
    """
    table = read_table(path, ())
    hint = "observation and action hold vectors, as lists or arrays of numbers"
    require_columns(path, table.columns, NEEDED, hint)
    return _known(path, table)


def read_csv(path: Path, environment: Environment) -> pl.DataFrame:
    """Read a CSV file, in which a vector is several columns: observation_0, observation_1, …, action_0, ….

    A vector of one number may stand in one column: observation, or action.

    Raises:
        UserError: It is no table of that kind.
    """
    table = pl.read_csv(path, infer_schema_length=None)
    for vector in VECTORS:
        table = _gathered(path, table, vector)
    hint = "a vector is several columns: observation_0, observation_1, …, action_0, …"
    require_columns(path, table.columns, NEEDED, hint)
    return _known(path, table)


def _gathered(path: Path, table: pl.DataFrame, vector: str) -> pl.DataFrame:
    """Return the table with one column `vector` in place of those that are numbered.

    Raises:
        UserError: A number is missing, or a column holds text.
    """
    numbered = [name for name in table.columns if re.fullmatch(rf"{vector}_\d+", name)]
    if not numbered:
        return table
    names = [f"{vector}_{place}" for place in range(len(numbered))]
    if missing := [name for name in names if name not in numbered]:
        raise UserError(f"{path}: has {len(numbered)} columns {vector}_…, but no {missing[0]}; they count from 0")
    for name in names:
        if not table[name].dtype.is_numeric() and table[name].null_count() < table.height:
            raise UserError(f"{path}: {name}: must hold numbers, but holds text")
    numbers = pl.concat_arr(pl.col(names).cast(pl.Float64))
    whole = pl.when(~pl.any_horizontal(pl.col(names).is_null())).then(numbers).alias(vector)
    return table.with_columns(whole).drop(name for name in names if name != vector)


def _known(path: Path, table: pl.DataFrame) -> pl.DataFrame:
    """Return the columns that demonstrations have, and say which others are left out."""
    known = [name for name in table.columns if name in (*NEEDED, "next_observation", *KNOWN)]
    if left_out := [name for name in table.columns if name not in known]:
        print(f"{path}: leaves out what demonstrations don't have: {', '.join(left_out)}", file=sys.stderr, flush=True)
    return table.select(known)
