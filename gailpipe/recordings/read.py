"""Recordings of any format that is known."""

import re
from collections.abc import Callable
from pathlib import Path

import polars as pl

from gailpipe.envs.environment import Environment
from gailpipe.foundation.errors import UserError
from gailpipe.recordings import d4rl, imitation, lerobot, minari, tables
from gailpipe.recordings.formats import FORMATS

_MAGIC = {b"PAR1": "Parquet", b"\x89HDF\r\n\x1a\n": "HDF5", b"PK\x03\x04": "npz"}
_PICKLES = (".pkl", ".pickle", ".pt", ".pth", ".joblib")

Reader = Callable[[Path, Environment], pl.DataFrame]


def read_recording(path: Path, environment: Environment) -> pl.DataFrame:
    """Read a recording into a table that has demonstrations' columns, of those that it knows; it is not checked yet.

    Args:
        path: A file or a folder.
        environment: Whose pairs they are.

    Raises:
        UserError: It is of no known format, or damaged.
    """
    kind, read = recognise(path)
    try:
        return read(path, environment)
    except UserError:
        raise
    except (Exception, pl.exceptions.PanicException) as error:  # libraries raise whatever they like on damaged files
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise UserError(f"{path}: can't be read as {kind}: {reason}; is it whole?") from error


def find_recording(recording: str) -> Path:
    """Return where a recording is: it may be named by its path, or as Minari names a dataset that it keeps.

    Raises:
        UserError: There is none.
    """
    if re.match(r"[a-z0-9]+://", recording):
        raise UserError(f"{recording}: is a URL; run `dvc import-url {recording} recordings/…`, and name that path")
    path = Path(recording)
    if path.exists():
        return path
    if re.fullmatch(r"[-\w/]+-v\d+", recording):
        return minari.find_dataset(recording)
    raise UserError(f"{recording}: there is no such file or folder; `dvc pull` restores what `dvc add` keeps")


def recognise(path: Path) -> tuple[str, Reader]:
    """Return what a recording is, and what reads it.

    Raises:
        UserError: It is of no known format.
    """
    if path.is_dir():
        if minari.is_minari(path):
            return "Minari's dataset", minari.read
        if lerobot.is_lerobot(path):
            return "LeRobot's dataset", lerobot.read
        if imitation.is_imitation(path):
            return "imitation's trajectories", imitation.read
    elif path.name == "main_data.hdf5" and minari.is_minari(path.parent):
        return "Minari's dataset", lambda path, environment: minari.read(path.parent, environment)
    else:
        return _recognise_file(path)
    raise _unknown(path)


def _recognise_file(path: Path) -> tuple[str, Reader]:
    try:
        with path.open("rb") as file:
            start = file.read(8)
    except OSError as error:
        raise UserError(f"{path}: can't be read: {error.strerror}") from error
    kind = next((kind for magic, kind in _MAGIC.items() if start.startswith(magic)), path.suffix.lower())
    match kind:
        case "Parquet" | ".parquet":
            return "Parquet", tables.read_parquet
        case "HDF5" | ".hdf5" | ".h5":
            return "HDF5", d4rl.read_hdf5
        case "npz" | ".npz":
            return "npz", d4rl.read_npz
        case ".csv":
            return "CSV", tables.read_csv
    if kind in _PICKLES or start[:1] == b"\x80":
        raise UserError(f"{path}: pickled objects aren't safe to open; {_accepted()}")
    raise _unknown(path)


def _unknown(path: Path) -> UserError:
    return UserError(f"{path}: is no recording of a known format; {_accepted()}")


def _accepted() -> str:
    return "these can be read: " + ", ".join(FORMATS)
