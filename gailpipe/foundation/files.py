"""Files that appear whole or not at all, even when the machine stops."""

import glob
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from gailpipe.foundation.errors import UserError

ASIDE = ".partial-"  # how the names of unfinished files begin; Git and DVC ignore them


def write_file(path: Path, content: bytes) -> None:
    """Write `content` to `path`, in place of what was there.

    Raises:
        UserError: It can't be written; what was there still is.
    """
    with _named(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove_asides(path)
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f"{ASIDE}{path.name}-", delete=False) as file:
            aside = Path(file.name)
        try:
            _write(aside, content)
            aside.replace(path)
            _sync(path.parent)
        finally:
            aside.unlink(missing_ok=True)


def write_directory(path: Path, files: Mapping[str, bytes]) -> None:
    """Make the directory `path` with these `files`, by name; leave it alone if it holds just these already.

    Raises:
        UserError: It can't be written, or there is something else, which still is as it was.
    """
    with _named(path):
        if path.is_dir() and files == {found.name: found.is_file() and found.read_bytes() for found in path.iterdir()}:
            return
    require_vacant(path)
    with _named(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove_asides(path)
        aside = Path(tempfile.mkdtemp(dir=path.parent, prefix=f"{ASIDE}{path.name}-"))
        try:
            for name, content in files.items():
                _write(aside / name, content)
            aside.chmod(0o755)
            _sync(aside)
            aside.replace(path)
            _sync(path.parent)
        finally:
            shutil.rmtree(aside, ignore_errors=True)


def require_vacant(path: Path) -> None:
    """Check, before there is something to write, that a directory can be made at `path`.

    Raises:
        UserError: There is something already, or it can't be made.
    """
    with _named(path):
        if path.exists() and not (path.is_dir() and not any(path.iterdir())):
            raise UserError(f"{path}: exists already; remove it, or write elsewhere")
        path.parent.mkdir(parents=True, exist_ok=True)


def _remove_asides(path: Path) -> None:
    """Remove what processes that were killed have left of `path`."""
    for aside in path.parent.glob(f"{ASIDE}{glob.escape(path.name)}-*"):
        shutil.rmtree(aside) if aside.is_dir() else aside.unlink()


@contextmanager
def _named(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UserError(f"{path}: can't be written: {error.strerror or error}") from error


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    path.chmod(0o644)


def _sync(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
