"""Mend .dvc/tmp/rwlock, where DVC notes who reads and writes which file, if a killed DVC has left half of it.

DVC writes the file in place, and every later command of DVC's stops at what is left.
"""

import argparse
import json
import sys
from pathlib import Path

from dvc.lock import LockError, make_lock

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
