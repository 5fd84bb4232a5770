"""Unfinished work: a folder that only the very same work finds again."""

import hashlib
import json
import os
import shutil
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from importlib.metadata import version
from pathlib import Path
from typing import Literal

from filelock import FileLock, Timeout

from gailpipe.foundation.checksum import read_checked
from gailpipe.foundation.errors import UserError
from gailpipe.foundation.files import require_vacant

LIBRARIES = ("envpool", "gymnasium", "mujoco", "numpy", "torch")
LOCK, DONE = "lock", "done"
SECONDS_OF_A_LOOK = 0.5  # at a lock, by `state`, at most


@contextmanager
def scratch(work: str, parameters: object, inputs: Iterable[Path], out: Path) -> Iterator[Path]:
    """Yield a folder for what `work` must not lose when it is interrupted.

    Its name holds a digest of the parameters, the inputs, the code and the libraries: whatever of them changes, the
    work starts afresh. A second process at the same work waits for the first. When the block ends well, the folder
    stays until `remove_done`, since the result is not on record yet.

    Args:
        work: What is done, such as gail-Hopper-v5.
        parameters: What decides the result, as JSON takes it.
        inputs: The files that are read.
        out: The directory that will hold the result.

    Raises:
        UserError: An input is missing, the folder can't be made, or a new work finds something at `out`.
    """
    folder = root() / f"{work}-{digest(parameters, inputs)}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"{folder}: can't be made: {error.strerror}") from error
    lock = FileLock(folder / LOCK)
    _acquire(lock, work)
    try:
        if not _begun(folder):
            require_vacant(out)
        (folder / DONE).unlink(missing_ok=True)
        yield folder
        if folder.exists():  # nobody has cleaned up meanwhile
            (folder / DONE).touch()
    finally:
        if folder.exists() and not _begun(folder):
            shutil.rmtree(folder, ignore_errors=True)
        lock.release()


def remove_done(repository: Path | None = None) -> None:
    """Remove the folders of work that is done: to be called when all results are on record."""
    for done in root(repository).glob(f"*/{DONE}"):
        with suppress(Timeout, OSError), FileLock(done.parent / LOCK).acquire(timeout=0):
            shutil.rmtree(done.parent, ignore_errors=True)


def state(folder: Path) -> Literal["runs", "was interrupted", "is done"]:
    """Tell how the work is of which `folder` is."""
    try:
        if (folder / LOCK).exists():
            FileLock(folder / LOCK).acquire(timeout=0).lock.release()
    except Timeout:
        return "runs"
    return "is done" if (folder / DONE).exists() else "was interrupted"


def root(repository: Path | None = None) -> Path:
    """Return where all such folders are: in the repository that DVC runs for, which is not an experiment's copy."""
    return (repository or Path(os.environ.get("DVC_ROOT", "."))) / ".scratch"


def digest(parameters: object, inputs: Iterable[Path]) -> str:
    """Return 16 hexadecimal digits that stand for parameters, inputs, and the code that this process has loaded."""
    known = {
        "parameters": parameters,
        "inputs": [_hash(read_checked(path)) for path in inputs],
        "code": {name: _hash(path.read_bytes()) for name, path in sorted(_loaded_code().items())},
        "libraries": {name: version(name) for name in LIBRARIES},
    }
    return _hash(json.dumps(known, sort_keys=True).encode())[:16]


def _acquire(lock: FileLock, work: str) -> None:
    try:
        lock.acquire(timeout=SECONDS_OF_A_LOOK)
    except Timeout:
        print(f"{work}: waiting for another process that is at the same work", file=sys.stderr, flush=True)
        lock.acquire()


def _begun(folder: Path) -> bool:
    return any(path.name != LOCK for path in folder.iterdir())


def _loaded_code() -> dict[str, Path]:
    files = {name: getattr(module, "__file__", None) for name, module in sys.modules.items()}
    own = ("__main__", "gailpipe", "stages", "environments")
    return {name: Path(file) for name, file in files.items() if file and name.split(".")[0] in own}


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
