"""Mend .dvc/tmp/rwlock, where DVC notes who reads and writes which file, if a killed DVC has left half of it.

DVC writes the file in place, and every later command of DVC's stops at what is left.
"""

import argparse
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dvc.lock import LockError, make_lock
from dvc.repo import Repo
from dvc.rwlock import RWLockFileCorruptedError, rwlock

from gailpipe.foundation.command import run
from gailpipe.foundation.errors import UserError


def main(_: argparse.Namespace) -> None:
    for repository in (Path(), Path("paper")):
        mend(repository)


def mend(repository: Path) -> None:
    """Remove the file if it can't be read, as DVC does with one that has no more entries, and say so.

    Raises:
        UserError: Another DVC is writing it.
    """
    folder = repository / ".dvc" / "tmp"
    file = folder / "rwlock"
    if not _is_torn(file):
        return
    try:
        with make_lock(str(folder / "rwlock.lock"), tmp_dir=str(folder)):  # which DVC holds while it writes the file
            if _is_torn(file):
                file.unlink()
                print(f"removed {file}, of which a killed DVC had left half", file=sys.stderr)
    except LockError as error:
        raise UserError(f"{file}: another DVC process is writing it; try again") from error


@contextmanager
def reserve(repo: Repo) -> Iterator[None]:
    """Keep other DVC commands from the stages of a repository.

    One lock for all of it, since DVC reads and writes the whole file several times for each stage.

    Raises:
        UserError: Another is at one of them.
    """
    hardlink = repo.config["core"].get("hardlink_lock", False)
    with named_lock(), rwlock(repo.tmp_dir, repo.fs, " ".join(sys.argv), [], [repo.root_dir], hardlink):
        yield


@contextmanager
def named_lock() -> Iterator[None]:
    """Say who has a lock that is refused to the block, or that a kill has torn the file of locks meanwhile.

    Raises:
        UserError: It was refused, or torn.
    """
    try:
        yield
    except LockError as error:
        told, _, _ = str(error).partition("\n\n")
        raise UserError(f"another command is at work here: {' '.join(told.split())}") from error
    except RWLockFileCorruptedError as error:
        raise UserError(f"{error}; run this again, which mends it") from error


def _is_torn(file: Path) -> bool:
    try:
        json.loads(file.read_bytes())
    except FileNotFoundError:
        return False
    except ValueError:
        return True
    return False


if __name__ == "__main__":
    run(main, argparse.ArgumentParser(prog="python -m gailpipe.review.rwlock", description=__doc__))
