"""The DVC repository that a command is called in."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dvc.exceptions import DvcException, NotDvcRepoError
from dvc.repo import Repo

from gailpipe.foundation.errors import UserError
from gailpipe.foundation.times import read_times
from gailpipe.plan.tracked import read_tracked


@contextmanager
def open_repository(wait: bool = False) -> Iterator[tuple[Repo, dict[str, Any]]]:
    """Yield the repository, whose root the block is in, and the time that each stage took last.

    Args:
        wait: Where another DVC command has the lock, until it lets go.

    Raises:
        UserError: There is no repository here, or DVC can't do what the block asks of it.
    """
    try:
        with Repo(_wait_for_lock=wait) as repo:
            os.chdir(repo.root_dir)
            yield repo, read_tracked() | read_times(Path())
    except NotDvcRepoError as error:
        raise UserError("is not in a DVC repository; run it in a clone of gailpipe") from error
    except DvcException as error:
        raise UserError(str(error)) from error
