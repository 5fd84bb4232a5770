"""Measure what running stages side by side gains: the same stages by `dvc repro` and by `python -m gailpipe.cluster`.

Each runs them from nothing in a clone of the commit that is checked out, and both must end with the same results.
"""

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import chdir
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from dvc.repo import Repo
from ruamel.yaml import YAML

from benchmarks.machine import describe_machine
from gailpipe.foundation.command import run
from gailpipe.foundation.errors import UserError
from gailpipe.foundation.files import write_file
from gailpipe.plan.stale import stale_stages

COMMANDS = {"dvc repro": ("-m", "dvc", "repro"), "gailpipe.cluster": ("-m", "gailpipe.cluster")}
AUTHOR = ("git", "-c", "user.name=benchmark", "-c", "user.email=benchmark@example.org")
PAGE = """\
# Stages side by side

| | seconds |
|---|--:|
{rows}

`gailpipe.cluster` takes **{share:.2f}** of the time of `dvc repro` ({low:.2f} to {high:.2f};
medians of {rounds} rounds). Both ran these stages from nothing, in clones of their own, in turns; all ended with the
same bytes. `python -m benchmarks.cluster STAGE …` makes this page.
{machine}

{stages}
"""


def main(arguments: argparse.Namespace) -> None:
    if arguments.rounds < 1:
        raise UserError(f"--rounds: {arguments.rounds}: must be 1 at least")
    pipeline, names = split(arguments.stages)
    seconds: dict[str, list[float]] = {name: [] for name in COMMANDS}
    locks = []
    for number in range(arguments.rounds):
        for name in list(COMMANDS)[:: -1 if number % 2 else 1]:  # the machine may be slower for a while
            with TemporaryDirectory() as folder:
                clone = Path(folder, "clone")
                prepare(clone, arguments.stages)
                started = time.perf_counter()
                _run((clone / pipeline).parent, sys.executable, *COMMANDS[name], *names)
                seconds[name].append(round(time.perf_counter() - started, 1))
                locks.append(read_lock((clone / pipeline).with_suffix(".lock")))
            print(f"{name}, round {number + 1} of {arguments.rounds}: {seconds[name][-1]} s", flush=True)
    if any(lock != locks[0] for lock in locks):
        raise UserError("the two ended with different results")
    results = {"seconds": seconds, "stages": arguments.stages, "machine": describe_machine()}
    write_file(arguments.out / "benchmarks-cluster.json", f"{json.dumps(results, indent=2)}\n".encode())
    write_file(arguments.out / "benchmarks-cluster.md", page(**results).encode())


def prepare(clone: Path, stages: Sequence[str]) -> None:
    """Make a clone that has all results but those of `stages`, and no run-cache that could restore them.

    Raises:
        UserError: dvc.lock does not have one of the stages, they are of several pipelines, or others are out of date.
    """
    _run(Path(), "git", "clone", "--quiet", ".", str(clone.resolve()))
    pipeline, names = split(stages)
    path = pipeline.with_suffix(".lock")
    lock = read_lock(clone / path)
    for name in names:
        if lock["stages"].pop(name, None) is None:
            raise UserError(f"{path}: has no {name}; give stages that have run")
    with (clone / path).open("w") as file:
        YAML().dump(lock, file)
    shutil.rmtree(clone / "data" / "store" / "runs")
    _run(clone, *AUTHOR, "commit", "--quiet", "--all", "--message", "Forget what is measured")
    _run((clone / pipeline).parent, sys.executable, "-m", "dvc", "pull", "--quiet", "--allow-missing")
    _require_no_others((clone / pipeline).parent, names)


def split(stages: Sequence[str]) -> tuple[Path, list[str]]:
    """Return the dvc.yaml that `stages`, in DVC's notation, are of, and their names in it.

    Raises:
        UserError: They are of several.
    """
    pipelines, names = zip(*(stage.rpartition(":")[::2] for stage in stages), strict=True)
    if len(set(pipelines)) > 1:
        raise UserError(f"{', '.join(stages)}: must be of one pipeline")
    return Path(pipelines[0] or "dvc.yaml"), list(names)


def read_lock(path: Path) -> Any:
    return YAML(typ="safe").load(path)


def page(seconds: dict[str, list[float]], stages: Sequence[str], machine: str) -> str:
    """Return the results as a page in Markdown: medians of the rounds, and the median of the rounds' own ratios."""
    ratios = [side_by_side / serial for serial, side_by_side in zip(*seconds.values(), strict=True)]
    return PAGE.format(
        rows="\n".join(f"| `{name}` | {statistics.median(values):,.0f} |" for name, values in seconds.items()),
        share=statistics.median(ratios),
        low=min(ratios),
        high=max(ratios),
        rounds=len(ratios),
        machine=machine,
        stages="\n".join(f"- {stage}" for stage in stages),
    )


def _require_no_others(folder: Path, names: Sequence[str]) -> None:
    with chdir(folder), Repo() as repo:
        others = sorted({stale.stage.addressing for stale in stale_stages(repo, names)} - {*names})
    if others:
        raise UserError(f"{', '.join(others)}: is out of date, too; `make repro` first")


def _run(folder: Path, *command: str) -> None:
    if subprocess.run(command, cwd=folder).returncode != 0:
        raise UserError(f"`{' '.join(command)}` failed in {folder}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cluster", description=__doc__)
    parser.add_argument(
        "stages",
        nargs="+",
        metavar="STAGE",
        help="what both run, such as paper/dvc.yaml:gail@Hopper-v5-4; dvc.lock must have it",
    )
    parser.add_argument("--rounds", type=int, default=3, help="default: %(default)s")
    parser.add_argument("--out", type=Path, default=Path("reports"), help="default: %(default)s")
    run(main, parser)
