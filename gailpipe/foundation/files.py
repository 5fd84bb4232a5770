"""Files that appear whole or not at all."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gailpipe.foundation.errors import UserError

ASIDE = ".partial-"  # how the names of unfinished files begin; Git and DVC ignore them


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Yield a path beside `path` to write to; it becomes `path` when the block ends well, and is removed otherwise."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=ASIDE, suffix=path.suffix, delete=False) as file:
        aside = Path(file.name)
    try:
        yield aside
        aside.chmod(0o644)
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)


@contextmanager
def whole_directory(path: Path) -> Iterator[Path]:
    """Yield a directory beside `path` to fill; it becomes `path` when the block ends well, and is removed otherwise.

    Raises:
        UserError: There is something at `path` already.
    """
    if path.exists() and not (path.is_dir() and not any(path.iterdir())):
        raise UserError(f"{path}: exists already; remove it, or write elsewhere")
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(dir=path.parent, prefix=ASIDE))
    try:
        yield aside
        aside.chmod(0o755)
        aside.replace(path)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
