"""Tell whether dvc.lock has the results of the parameters and the code that stand beside it."""

import argparse
import json
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

from gailpipe.foundation.command import run
from gailpipe.foundation.errors import UserError

CODE = ("gailpipe/", "stages/")


def main(_: argparse.Namespace) -> None:
    stale = stale_stages()
    for stage, reasons in stale.items():
        print(f"{stage}: {', '.join(reasons)}")
    if stale:
        raise UserError(f"{len(stale)} stages have not run since these changed; `dvc repro` runs them")


def stale_stages() -> dict[str, list[str]]:
    """Return what has changed since each stage ran last: its code, its parameters or its command.

    Outputs need not be there.

    Raises:
        UserError: DVC can't tell.
    """
    status = subprocess.run([sys.executable, "-m", "dvc", "status", "--json"], capture_output=True, text=True)
    if status.returncode != 0:
        raise UserError(f"`dvc status` failed: {status.stderr.strip()}")
    found = {stage: list(_reasons(changes)) for stage, changes in json.loads(status.stdout).items()}
    return {stage: reasons for stage, reasons in found.items() if reasons}


def _reasons(changes: list[Any]) -> list[str]:
    reasons = []
    for change in changes:
        if not isinstance(change, Mapping):
            reasons.append(str(change))
            continue
        for path, how in change.get("changed deps", {}).items():
            if isinstance(how, Mapping):
                reasons += [f"{key} ({what})" for key, what in how.items()]
            elif path.startswith(CODE):
                reasons.append(f"{path} ({how})")
    return reasons


if __name__ == "__main__":
    run(main, argparse.ArgumentParser(prog="python -m gailpipe.review.lock", description=__doc__))
