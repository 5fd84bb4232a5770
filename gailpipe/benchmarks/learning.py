"""Measure how long it takes to imitate an expert for good: GAIL from a random and from a cloned policy, and a peer's.

All learn from the same demonstrations, each on one core of its own. What is done is kept in --out after each run;
started again, this goes on from there.
"""

import argparse
import json
import os
import statistics
import time
from collections.abc import Callable, Sequence
from functools import partial
from itertools import product
from math import inf
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from gailpipe.benchmarks.machine import describe_machine
from gailpipe.benchmarks.peer import peer_parser, run_peer
from gailpipe.envs.episodes import play_episodes
from gailpipe.envs.simulators import Simulators
from gailpipe.envs.tasks import Task, find_task
from gailpipe.evaluation.scores import normalized
from gailpipe.foundation.command import run
from gailpipe.foundation.files import write_file
from gailpipe.foundation.processes import available_cores, side_by_side
from gailpipe.imitation.demonstrations import Demonstrations, load_demonstrations
from gailpipe.imitation.gail_reward import GailReward
from gailpipe.imitation.initialization import initialize
from gailpipe.imitation.trajectories import mean_return
from gailpipe.params.base import load_section
from gailpipe.params.gail import Gail
from gailpipe.policies.checkpoint import Checkpoint
from gailpipe.policies.compute import use_one_thread
from gailpipe.policies.policy import make_policy
from gailpipe.rl.training import train

TASKS = ("Hopper-v5", "HalfCheetah-v5", "Walker2d-v5")
TRAJS, SEEDS, CLONING_STEPS = 4, 3, 3000
STEPS_A_SNAPSHOT, EPISODES = 50_000, 10
PEER_SECONDS = 15 * 60
GOAL = 0.9  # normalised
LEARNERS = {"gail": "GAIL", "gail-bc": "GAIL, cloned first", "imitation": "`imitation`"}
PAGE = """\
# Time to an expert

Seconds and environment steps until the normalised score is {goal} and no later snapshot falls below it, learning from
{trajs} trajectories: GAIL from a random policy, GAIL whose policy is cloned first, and the GAIL of `imitation` 1.0.1
(PPO with its defaults, 8 environments), which is stopped after {minutes} minutes. Each run had a core of its own.

| task | learner | got there | seconds | steps |
|---|---|--:|--:|--:|
{rows}

Medians over {seeds} seeds; a run that did not get there counts as longer than all others, and > says how long it was
tried. A snapshot is taken every {every:,} steps: {episodes} episodes of the deterministic policy, off the clock. 0 is
the random policy, 1 the demonstrations' own return. The tasks of `imitation` are those of Gymnasium 0.29 (-v4), to
which it is pinned. `make bench-learning` makes this page, with the settings of {params}. {machine}
"""


class Snapshot(NamedTuple):
    """How good a policy was, and what it had cost; evaluations are off the clock."""

    env_steps: int
    seconds: float
    score: float


class Job(NamedTuple):
    task: str
    learner: str
    seed: int


def main(arguments: argparse.Namespace) -> None:
    results = arguments.out / "benchmarks-learning.json"
    done: dict[str, list[Snapshot]] = {}
    if results.exists():
        stored = json.loads(results.read_text())
        done = {name: [Snapshot(*snapshot) for snapshot in snapshots] for name, snapshots in stored.items()}
    jobs = [Job(*job) for job in product(TASKS, LEARNERS, range(SEEDS))]
    left = [job for job in jobs if "/".join(map(str, job)) not in done]
    cores = available_cores()
    for start in range(0, len(left), cores):
        jobs_at_once = left[start : start + cores]
        learn = partial(_learn, jobs_at_once, arguments.params, arguments.demonstrations, arguments.peer)
        for job, snapshots in zip(jobs_at_once, side_by_side(learn, range(len(jobs_at_once))), strict=True):
            done["/".join(map(str, job))] = snapshots
            print(f"{job.task}, {LEARNERS[job.learner]}, seed {job.seed}: {_shown(snapshots)}", flush=True)
        write_file(results, f"{json.dumps(done)}\n".encode())
    write_file(arguments.out / "benchmarks-learning.md", page(done, arguments.params).encode())


def sustained(snapshots: Sequence[Snapshot]) -> Snapshot | None:
    """Return the first snapshot from which on none is below the goal."""
    reached = None
    for snapshot in reversed(snapshots):
        if snapshot.score < GOAL:
            break
        reached = snapshot
    return reached


def page(done: dict[str, list[Snapshot]], params: Path) -> str:
    """Return the results as a page in Markdown."""
    rows = []
    for task in TASKS:
        seconds: dict[str, float] = {}
        for learner, label in LEARNERS.items():
            runs = [done[f"{task}/{learner}/{seed}"] for seed in range(SEEDS)]
            reached = [sustained(snapshots) for snapshots in runs]
            seconds[learner] = statistics.median(found.seconds if found else inf for found in reached)
            steps = statistics.median(found.env_steps if found else inf for found in reached)
            tried = min(snapshots[-1].seconds for snapshots in runs)
            shown = f"{seconds[learner]:.0f} | {steps:,}" if seconds[learner] < inf else f"> {tried:.0f} | –"
            rows.append(f"| {task} | {label} | {SEEDS - reached.count(None)} of {SEEDS} | {shown} |")
    return PAGE.format(
        rows="\n".join(rows),
        goal=GOAL,
        trajs=TRAJS,
        minutes=PEER_SECONDS // 60,
        seeds=SEEDS,
        every=STEPS_A_SNAPSHOT,
        episodes=EPISODES,
        params=params,
        machine=describe_machine(),
    )


def _learn(jobs: Sequence[Job], params: Path, demonstrations: Path, peer: Path, index: int) -> list[Snapshot]:
    """Run one of `jobs`, alone on the core of its number."""
    job = jobs[index]
    os.sched_setaffinity(0, {sorted(os.sched_getaffinity(0))[index]})
    use_one_thread()
    task, path = find_task(job.task), demonstrations / f"{job.task}.parquet"
    pairs = load_demonstrations(path, task, TRAJS)
    to_score = partial(normalized, random_return=_random_return(task), expert_return=mean_return(path))
    if job.learner == "imitation":
        return _peer(peer, job, pairs, to_score)
    cloned = [f"cloning.steps={CLONING_STEPS}"] if job.learner == "gail-bc" else []
    settings = load_section(params, Gail, "gail", job.task, cloned)
    return _ours(task, pairs, settings, job.seed, to_score)


def _ours(
    task: Task, pairs: Demonstrations, settings: Gail, seed: int, to_score: Callable[[float], float]
) -> list[Snapshot]:
    generator = torch.Generator().manual_seed(seed)
    seconds, started = 0.0, time.perf_counter()
    policy = make_policy(task, settings.hidden_sizes, settings.initial_log_std, generator)
    initialize(policy, pairs, settings, generator, Checkpoint())
    reward_function = GailReward(policy, pairs, settings, generator)
    training = train(
        policy,
        lambda start: Simulators(task, settings.num_envs, seed * 1000 + start, num_threads=1),
        reward_function,
        settings,
        generator,
        Checkpoint(),
    )
    snapshots: list[Snapshot] = []
    for figures in training:
        if figures["env_steps"] >= STEPS_A_SNAPSHOT * (len(snapshots) + 1):
            seconds += time.perf_counter() - started
            score = to_score(_mean_return(task, policy))
            snapshots.append(Snapshot(int(figures["env_steps"]), round(seconds, 1), round(score, 3)))
            started = time.perf_counter()
    return snapshots


def _peer(peer: Path, job: Job, pairs: Demonstrations, to_score: Callable[[float], float]) -> list[Snapshot]:
    with TemporaryDirectory() as folder:
        file = Path(folder) / "pairs.json"
        file.write_text(json.dumps({"observations": pairs.observations.tolist(), "actions": pairs.actions.tolist()}))
        rounds = run_peer(
            peer,
            job.task,
            f"--seconds={PEER_SECONDS}",
            f"--seed={job.seed}",
            f"--pairs={file}",
            f"--evaluate-every={STEPS_A_SNAPSHOT}",
            f"--episodes={EPISODES}",
        )
        return [
            Snapshot(one["env_steps"], round(one["seconds"], 1), round(to_score(one["return"]), 3))
            for one in rounds
            if "return" in one
        ]


def _mean_return(task: Task, act: Callable[[NDArray], NDArray]) -> float:
    """Return the mean return of a few episodes in Gymnasium, from the same initial states each time."""
    episodes = play_episodes(task, act, range(EPISODES))
    return statistics.fmean(episode.episode_return for episode in episodes)


def _random_return(task: Task) -> float:
    generator = np.random.default_rng(0)
    return _mean_return(task, lambda observations: task.actions.draw(len(observations), generator))


def _shown(snapshots: Sequence[Snapshot]) -> str:
    reached = sustained(snapshots)
    return f"{GOAL} after {reached.seconds} s" if reached else f"not {GOAL} for good in {snapshots[-1].seconds} s"


if __name__ == "__main__":
    parser = peer_parser("learning", __doc__)
    parser.add_argument(
        "--demonstrations",
        type=Path,
        default=Path("paper/data/demonstrations"),
        help="folder of the tasks' Parquet files; default: %(default)s",
    )
    run(main, parser)
