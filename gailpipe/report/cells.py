"""What reports are made from: a folder of results holds those that the parameters name, and no others."""

from collections.abc import Collection
from pathlib import Path

from gailpipe.foundation.errors import UserError


def require_cells(directory: Path, names: Collection[str]) -> None:
    """Check that `directory` holds the results of `names`, and of no others.

    Raises:
        UserError: Names the first that is missing or too much.
    """
    if not directory.exists() and not names:
        return
    if not directory.is_dir():
        raise UserError(f"{directory}: is no directory; its pipeline makes it")
    found = {path.name.removesuffix(".parquet") for path in directory.iterdir() if path.name[0] != "."}
    for name in sorted(found - set(names)):
        raise UserError(f"{directory}: holds results of {name}, which no parameter names: remove them")
    for name in sorted(set(names) - found):
        raise UserError(f"{directory}: lacks results of {name}; its pipeline makes them")


def read_bytes(path: Path) -> bytes:
    """Return the content of a file that a report shows.

    Raises:
        UserError: It can't be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise UserError(f"{path}: can't be read: {error.strerror}") from error
