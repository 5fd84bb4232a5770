"""Parquet tables that appear whole, and are checked when they are read."""

from collections.abc import Collection
from pathlib import Path

import polars as pl

from gailpipe.foundation.errors import UserError
from gailpipe.foundation.files import whole_file


def write_table(table: pl.DataFrame, path: Path) -> None:
    with whole_file(path) as aside:
        table.write_parquet(aside)


def read_table(path: Path, columns: Collection[str]) -> pl.DataFrame:
    """Read a Parquet file that has at least these `columns`.

    Raises:
        UserError: The file is missing or damaged, or lacks a column.
    """
    try:
        table = pl.read_parquet(path)
    except FileNotFoundError as error:
        raise UserError(f"{path}: there is no such file; `dvc pull` restores it, `dvc repro` makes it") from error
    except (pl.exceptions.PolarsError, OSError) as error:
        raise UserError(f"{path}: is no Parquet file, or is damaged; try `dvc checkout --force`") from error
    missing = sorted(set(columns) - set(table.columns))
    if missing:
        raise UserError(f"{path}: has no column {', '.join(missing)}; is it a file of another kind?")
    return table
