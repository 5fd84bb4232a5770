"""Tell whether each dvc.lock has the results of the parameters, the code and the data that it is made from."""

import argparse
import json
import re
import subprocess
import sys
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from gailpipe.foundation.command import run
from gailpipe.foundation.errors import UserError
from gailpipe.review.rwlock import mend

PAPER = Path("paper/dvc.yaml")  # in a DVC repository of its own


def main(_: argparse.Namespace) -> None:
    lagging = lagging_stages()
    for stage, reasons in lagging.items():
        print(f"{stage}: {', '.join(reasons)}")
    if lagging:
        stages = "1 stage has" if len(lagging) == 1 else f"{len(lagging)} stages have"
        raise UserError(f"{stages} not run since these changed; `dvc repro` runs what is out of date")


def lagging_stages() -> dict[str, list[str]]:
    """Return the stages of all pipelines that `dvc repro` would run, and what has changed since they ran last.

    The names of the paper's begin with the path of its dvc.yaml. Outputs that only DVC keeps need not be there.

    Raises:
        UserError: DVC or Git can't tell.
    """
    lagging = _lagging_stages(Path())
    if PAPER.exists():
        lagging |= {f"{PAPER}:{stage}": reasons for stage, reasons in _lagging_stages(PAPER.parent).items()}
    return lagging


def _lagging_stages(repository: Path) -> dict[str, list[str]]:
    mend(repository)
    status = _dvc(repository, "status", "--json")
    repro = _dvc(repository, "repro", "--dry", "--allow-missing", "--keep-going")
    # where data is missing, a dry run fails at each stage that it would run, and names them all in one line
    named = re.findall(r"^.*(?:Running stage|failed to reproduce).*$", repro.stdout + repro.stderr, re.MULTILINE)
    would_run = re.findall(r"'([^']+)'", "\n".join(named))
    if status.returncode != 0 or (repro.returncode != 0 and not would_run):
        reason, _, _ = (status.stderr + repro.stderr).strip().partition("\n\n")
        raise UserError(f"DVC can't tell: {reason}")
    changes_of = json.loads(status.stdout)
    restorable = _ignored_by_git(repository, changes_of)
    reasons = {stage: list(_reasons(changes, restorable)) for stage, changes in changes_of.items()}
    changed = {stage: why for stage, why in reasons.items() if why}
    return {stage: changed.get(stage, ["what it depends on"]) for stage in dict.fromkeys([*would_run, *changed])}


def _ignored_by_git(folder: Path, changes_of: Mapping[str, list[Any]]) -> set[str]:
    """Return the paths, from `folder`, that only DVC keeps."""
    entries = [change.values() for changes in changes_of.values() for change in changes if isinstance(change, Mapping)]
    paths = {path: str((folder / path).resolve()) for values in entries for value in values for path in value}
    command = ["git", "check-ignore", "--stdin"]  # which refuses paths beyond a symbolic link
    git = subprocess.run(command, cwd=folder, input="\n".join(paths.values()), capture_output=True, text=True)
    if git.returncode not in (0, 1):  # 1 says that it ignores none
        raise UserError(f"`git check-ignore` failed: {git.stderr.strip()}")
    ignored = set(git.stdout.splitlines())
    return {path for path, place in paths.items() if place in ignored}


def _reasons(changes: list[Any], restorable: Collection[str]) -> Iterator[str]:
    for change in changes:
        if not isinstance(change, Mapping):
            yield str(change)
            continue
        for entries in change.values():
            for path, how in entries.items():
                if isinstance(how, Mapping):  # a file's parameters
                    yield from (f"{name} ({what})" for name, what in how.items())
                elif path not in restorable or how not in ("deleted", "not in cache"):
                    yield f"{path} ({how})"


def _dvc(repository: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "dvc", "--cd", str(repository), *arguments]
    return subprocess.run(command, capture_output=True, text=True)


if __name__ == "__main__":
    run(main, argparse.ArgumentParser(prog="python -m gailpipe.review.lock", description=__doc__))
