"""Unfinished work: a folder that only the very same work finds again, and that is gone when it is done."""

import hashlib
import json
import os
import shutil
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

from filelock import FileLock, Timeout

from gailpipe.foundation.errors import UserError
from gailpipe.foundation.seal import read_sealed

SCRATCH = Path(".scratch")  # in the working directory; Git and DVC ignore it
LIBRARIES = ("envpool", "gymnasium", "mujoco", "numpy", "torch")


@contextmanager
def scratch(work: str, parameters: object, inputs: Iterable[Path] = ()) -> Iterator[Path]:
    """Yield a folder for what `work` must not lose when it is interrupted; remove it when the block ends well.

    Its name holds a digest of the parameters, the inputs, the code and the libraries: whatever of them changes, the
    work starts afresh. A second process at the same work waits for the first.

    Args:
        work: What is done, such as gail-Hopper-v5.
        parameters: What decides the result, as JSON takes it.
        inputs: The files that are read.

    Raises:
        UserError: An input is missing, or the folder can't be made.
    """
    parent = os.getppid()
    folder = SCRATCH / f"{work}-{digest(parameters, inputs)}"
    lock = FileLock(folder.with_suffix(".lock"))
    try:
        SCRATCH.mkdir(exist_ok=True)
        _acquire(lock, work)
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise UserError(f"{folder}: can't be made: {error.strerror}") from error
    done = False
    try:
        yield folder
        done = os.getppid() == parent  # else nobody is left to record the result: it may be asked for again
    finally:
        if done or not any(folder.iterdir()):
            shutil.rmtree(folder, ignore_errors=True)
            Path(lock.lock_file).unlink(missing_ok=True)
        lock.release()


def _acquire(lock: FileLock, work: str) -> None:
    try:
        lock.acquire(timeout=0)
    except Timeout:
        print(f"{work}: waiting for another process that is at the same work", file=sys.stderr, flush=True)
        lock.acquire()


def digest(parameters: object, inputs: Iterable[Path]) -> str:
    """Return 16 hexadecimal digits that stand for parameters, inputs, and the code that this process has loaded."""
    known = {
        "parameters": parameters,
        "inputs": [_hash(path) for path in inputs],
        "code": {name: _hash(path) for name, path in sorted(_loaded_code().items())},
        "libraries": {name: version(name) for name in LIBRARIES},
    }
    return hashlib.sha256(json.dumps(known, sort_keys=True).encode()).hexdigest()[:16]


def _loaded_code() -> dict[str, Path]:
    files = {name: getattr(module, "__file__", None) for name, module in sys.modules.items()}
    own = ("__main__", "gailpipe", "stages")
    return {name: Path(file) for name, file in files.items() if file and name.split(".")[0] in own}


def _hash(path: Path) -> str:
    return hashlib.sha256(read_sealed(path)).hexdigest()
