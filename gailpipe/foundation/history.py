"""Whether Git can hand back what an experiment of DVC's made."""

import subprocess
from contextlib import suppress
from pathlib import Path

from gailpipe.foundation.errors import UserError

EXPERIMENTS = "/.dvc/tmp/exps/"  # where `dvc exp run --queue` and `--temp` run, below the repository's root


def require_history(folder: Path) -> None:
    """Check that `folder` is no copy for an experiment of a shallow clone.

    There DVC fetches the experiment's commit back by Git, which fails where a parent of the commit is missing. DVC
    does not say so, and calls it a success.

    Raises:
        UserError: It is one, whose results would be lost.
    """
    repository, inside, _ = f"{folder.resolve()}/".partition(EXPERIMENTS)
    if inside and _is_shallow(repository):
        raise UserError(
            f"{repository}: is a shallow clone, in which DVC would lose this experiment; "
            "`git fetch --unshallow` first, or `dvc exp run` without --queue and --temp"
        )


def _is_shallow(folder: str) -> bool:
    with suppress(FileNotFoundError):  # without git there is no clone
        command = ("git", "-C", folder, "rev-parse", "--is-shallow-repository")
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip() == "true"
    return False
