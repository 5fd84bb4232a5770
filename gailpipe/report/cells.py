"""The results that params.yaml names: a folder holds all of them, and no others."""

from collections.abc import Collection
from pathlib import Path

from gailpipe.foundation.errors import UserError


def require_cells(directory: Path, names: Collection[str]) -> None:
    """Check that `directory` holds the results of `names`, and of no others."""
    if not directory.exists() and not names:
        return
    if not directory.is_dir():
        raise UserError(f"{directory}: is no directory; `dvc repro` makes it")
    found = {path.name.removesuffix(".parquet") for path in directory.iterdir() if path.name[0] != "."}
    for name in sorted(found - set(names)):
        raise UserError(f"{directory}: holds results of {name}, which params.yaml does not name: remove them")
    for name in sorted(set(names) - found):
        raise UserError(f"{directory}: lacks results of {name}; `dvc repro` makes them")
