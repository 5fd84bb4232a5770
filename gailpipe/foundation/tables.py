"""Parquet tables that appear whole, and are checked when they are read."""

from collections.abc import Collection
from io import BytesIO
from pathlib import Path

import polars as pl

from gailpipe.foundation.checksum import NO_CHECKSUM, RESTORE, read_checked, with_checksum
from gailpipe.foundation.errors import UserError
from gailpipe.foundation.files import write_file


def write_table(table: pl.DataFrame, path: Path) -> None:
    write_file(path, table_bytes(table))


def table_bytes(table: pl.DataFrame) -> bytes:
    """Return `table` as the content of a Parquet file with a checksum."""
    file = BytesIO()
    table.write_parquet(file, metadata={"checksum": NO_CHECKSUM})
    return with_checksum(file.getvalue())


def read_table(path: Path, columns: Collection[str]) -> pl.DataFrame:
    """Read a Parquet file that has at least these `columns`.

    Raises:
        UserError: The file is missing or damaged, or lacks a column.
    """
    content = read_checked(path)
    try:
        table = pl.read_parquet(content)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        raise UserError(f"{path}: is no Parquet file, or is damaged; {RESTORE}") from error
    missing = sorted(set(columns) - set(table.columns))
    if missing:
        raise UserError(f"{path}: has no column {', '.join(missing)}; is it a file of another kind?")
    return table
