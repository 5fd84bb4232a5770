"""Measure what running stages side by side costs: stages that sleep, on more workers than this machine has cores.

Each depends on as much code and as many parameters as a stage that learns, and a third of them on another stage.
"""

import argparse
import json
import logging
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import chdir
from pathlib import Path
from tempfile import TemporaryDirectory

from dvc.repo import Repo

from gailpipe.cluster.__main__ import run_all
from gailpipe.cluster.cores import Cores, own_cores
from gailpipe.cluster.order import Job
from gailpipe.foundation.command import run
from gailpipe.foundation.errors import UserError
from gailpipe.plan.stages import planned_stages

ROOMS = ("foundation", "envs", "policies", "training", "demonstrations", "rewards", "rl", "algorithms")


class ManyWorkers(Cores):
    """So many stages at once, on whatever cores."""

    def __init__(self, logs: Path, num_workers: int) -> None:
        super().__init__(logs)
        self._num_workers = num_workers

    def cores(self) -> Mapping[str, Sequence[int]]:
        return {"a worker": range(self._num_workers)}

    def execute(self, job: Job) -> None:
        super().execute(job._replace(cores=tuple(own_cores()), shared=()))


def main(arguments: argparse.Namespace) -> None:
    for name in ("stages", "workers"):
        if getattr(arguments, name) < 1:
            raise UserError(f"--{name}: {getattr(arguments, name)}: must be 1 at least")
    logging.getLogger("dvc").setLevel(logging.ERROR)
    with TemporaryDirectory() as folder:
        make_pipeline(Path(folder), arguments.stages, arguments.seconds)
        with chdir(folder), Repo() as repo:
            planned = planned_stages(repo, ["dvc.yaml"], {}, arguments.workers)
            started, computed = time.perf_counter(), time.process_time()
            failed = run_all(repo, planned, ManyWorkers(Path(repo.tmp_dir, "cluster"), arguments.workers))
            seconds, computed = time.perf_counter() - started, time.process_time() - computed
    if failed:
        raise UserError(f"{failed} of {arguments.stages} stages failed")
    ideal = arguments.seconds * -(-arguments.stages // arguments.workers)
    found = {"seconds": round(seconds, 1), "share of the ideal": round(ideal / seconds, 3)}
    print(json.dumps(found | {"CPU seconds per stage": round(computed / arguments.stages, 3)}))


def make_pipeline(folder: Path, stages: int, seconds: float) -> None:
    """Make a DVC repository of stages that sleep."""
    for command in (("git", "init", "--quiet"), (sys.executable, "-m", "dvc", "init", "--quiet")):
        subprocess.run(command, cwd=folder, check=True)
    for room in ROOMS:
        shutil.copytree(Path("gailpipe", room), folder / room, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy("paper/params.yaml", folder)
    (folder / ".gitignore").write_text("/data\n")
    first = -(-stages * 2 // 3)
    pipeline = {
        f"nap-{number}": {
            "cmd": f"sleep {seconds} && mkdir -p data && echo {number} > data/{number}",
            "deps": [*ROOMS, *([f"data/{number - first}"] if number >= first else [])],
            "params": ["seed", "bc", "gail"],
            "outs": [f"data/{number}"],
        }
        for number in range(stages)
    }
    (folder / "dvc.yaml").write_text(json.dumps({"stages": pipeline}))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sleeping", description=__doc__)
    parser.add_argument("--stages", type=int, default=300, help="default: %(default)s")
    parser.add_argument("--workers", type=int, default=16, help="default: %(default)s")
    parser.add_argument("--seconds", type=float, default=10.0, help="that each sleeps; default: %(default)s")
    run(main, parser)
