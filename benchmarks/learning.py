"""Measure how long it takes to imitate an expert for good: GAIL from a random or a cloned policy, DAC, and a peer's.

All learn from the same demonstrations, each on a core of its own. What is done is kept in --out after each run;
started again, this goes on from there.
"""

import argparse
import json
import multiprocessing
import os
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from hashlib import sha256
from itertools import product
from pathlib import Path
from typing import Any

import benchmarks.snapshots
from benchmarks.learning_page import ENVS, GOAL, LEARNERS, SEEDS, name, page, sustained
from benchmarks.machine import describe_machine
from benchmarks.peer import REQUIREMENTS, SCRIPT, peer_parser, require_peer
from benchmarks.runs import NO_SUCCESS
from benchmarks.snapshots import (
    CLONING_STEPS,
    EPISODES,
    OFF_POLICY_STEPS_A_SNAPSHOT,
    PEER_SECONDS,
    STEPS_A_SNAPSHOT,
    Job,
    Snapshot,
    learn,
)
from gailpipe.algorithms.dac.settings import Dac
from gailpipe.algorithms.gail.settings import Gail
from gailpipe.foundation.checksum import read_checked
from gailpipe.foundation.command import run
from gailpipe.foundation.errors import UserError
from gailpipe.foundation.files import write_file
from gailpipe.foundation.params import load_section
from gailpipe.foundation.processes import all_or_none, follow_parent


def main(arguments: argparse.Namespace) -> None:
    require_peer(arguments.peer)
    files = {environment: arguments.demonstrations / f"{environment}.parquet" for environment in ENVS}
    settings = {
        (environment, learner): settings_of(learner, arguments.params, environment)
        for environment, learner in product(ENVS, LEARNERS)
    }
    conditions = {
        f"{environment}/{learner}": conditions_of(learner, one, read_checked(files[environment]))
        for (environment, learner), one in settings.items()
    }
    results = arguments.out / "benchmarks-learning.json"
    runs = load_runs(results, conditions)
    jobs = [job for job in (Job(*parts) for parts in product(ENVS, LEARNERS, range(SEEDS))) if name(job) not in runs]
    print(f"{len(runs)} runs stand under the same conditions in {results}; {len(jobs)} are to be done", flush=True)
    with one_process_a_core() as pool, all_or_none(pool):
        futures = {
            pool.submit(learn, job, settings[job.environment, job.learner], files[job.environment], arguments.peer): job
            for job in jobs
        }
        for future in as_completed(futures):
            job = futures[future]
            runs[name(job)] = snapshots = future.result()
            write_file(results, f"{json.dumps({'conditions': conditions, 'runs': runs})}\n".encode())
            print(f"{name(job)}: {_shown(snapshots)}", flush=True)
    trajs = settings[ENVS[0], "gail"].trajs
    write_file(arguments.out / "benchmarks-learning.md", page(runs, trajs, describe_machine()).encode())


def settings_of(learner: str, params: Path, environment: str) -> Gail | Dac:
    """Return the settings of one of our learners; of a peer GAIL's, for the demonstrations that it shall have."""
    if learner == "dac":
        return load_section(params, Dac, "dac", environment, [NO_SUCCESS])
    cloning = f"cloning.steps={CLONING_STEPS if learner == 'gail-bc' else 0}"
    return load_section(params, Gail, "gail", environment, [NO_SUCCESS, cloning])


def conditions_of(learner: str, settings: Gail | Dac, demonstrations: bytes) -> dict[str, Any]:
    """Return what runs of a learner depend on: of the code what learns, for `imitation` also what scores it."""
    conditions = {
        "machine": describe_machine(),
        "demonstrations": sha256(demonstrations).hexdigest(),
        "budgets": [STEPS_A_SNAPSHOT, OFF_POLICY_STEPS_A_SNAPSHOT, EPISODES, PEER_SECONDS],
    }
    judge = Path(benchmarks.snapshots.__file__)
    if learner.startswith("imitation"):
        return conditions | {"trajs": settings.trajs, "code": _digest([SCRIPT, REQUIREMENTS, judge])}
    return conditions | {"settings": settings.model_dump(), "code": _digest([judge, *_loaded_code()])}


def _loaded_code() -> list[Path]:
    """Return the file of each module of gailpipe that is loaded."""
    loaded = (module.__file__ for name, module in sorted(sys.modules.items()) if name.startswith("gailpipe."))
    return [Path(file) for file in loaded if file]


def _digest(files: Sequence[Path]) -> str:
    return sha256(b"".join(sha256(file.read_bytes()).digest() for file in files)).hexdigest()[:16]


def load_runs(path: Path, conditions: Mapping[str, Any]) -> dict[str, list[Snapshot]]:
    """Return the runs of an earlier benchmark whose learners, such as Hopper-v5/gail, had the same `conditions`.

    Raises:
        UserError: The file holds something else.
    """
    if not path.exists():
        return {}
    try:
        stored = json.loads(path.read_text())
        return {
            run: [Snapshot(*snapshot) for snapshot in snapshots]
            for run, snapshots in stored["runs"].items()
            if stored["conditions"].get(learner := run.rpartition("/")[0]) == conditions.get(learner)
        }
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(f"{path}: holds no runs of this benchmark ({error}); remove it to do all anew") from error


def one_process_a_core() -> ProcessPoolExecutor:
    """Return a pool in which each process has a core of its own.

    Raises:
        UserError: The operating system lets no process choose its core.
    """
    if not hasattr(os, "sched_setaffinity"):
        raise UserError("each run needs a core of its own, which this operating system can't give it; Linux can")
    context = multiprocessing.get_context("spawn")
    cores = context.SimpleQueue()
    for core in sorted(os.sched_getaffinity(0)):
        cores.put(core)
    return ProcessPoolExecutor(len(os.sched_getaffinity(0)), context, initializer=_take_core, initargs=(cores,))


def _take_core(cores: Any) -> None:
    follow_parent()
    os.sched_setaffinity(0, {cores.get()})


def _shown(snapshots: Sequence[Snapshot]) -> str:
    reached = sustained(snapshots)
    return f"{GOAL} after {reached.seconds} s" if reached else f"not {GOAL} for good"


if __name__ == "__main__":
    parser = peer_parser("learning", __doc__, Path("paper/params.yaml"))
    parser.add_argument(
        "--demonstrations",
        type=Path,
        default=Path("paper/data/demonstrations"),
        help="folder of the environments' Parquet files; default: %(default)s",
    )
    run(main, parser)
