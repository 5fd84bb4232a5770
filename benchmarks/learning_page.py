"""The page on the time to an expert: what was run, and when each run reached the goal."""

import statistics
from collections.abc import Mapping, Sequence
from itertools import product, takewhile
from math import inf

from benchmarks.snapshots import EPISODES, OFF_POLICY_STEPS_A_SNAPSHOT, PEER_SECONDS, STEPS_A_SNAPSHOT, Job, Snapshot

ENVS = ("Hopper-v5", "HalfCheetah-v5", "Walker2d-v5")
SEEDS = 3
GOAL, LEAST_SNAPSHOTS = 0.9, 3  # normalised; and how often at least it must be seen
LEARNERS = {
    "gail": "GAIL",
    "gail-bc": "GAIL, cloned first",
    "dac": "DAC",
    "imitation": "`imitation`, PPO",
    "imitation-sac": "`imitation`, SAC",
}
PAGE = """\
# Time to an expert

Seconds until the normalised score first is {goal}, and seconds and environment steps until no later snapshot falls
below it, learning from {trajs} trajectories: GAIL from a random policy, GAIL whose policy is cloned first, DAC, and the
GAIL of `imitation` 1.0.1 with PPO and with SAC, which is stopped after {minutes} minutes. Each run had a core of its
own.

| environment | learner | first | for good | first, seconds | for good, seconds | steps |
|---|---|--:|--:|--:|--:|--:|
{rows}

Medians over {seeds} seeds; a run that did not get there counts as longer than all others, and > says how long each of
these was tried at least. A snapshot is taken every {every:,} steps, of DAC and SAC every {off_policy_every:,}:
{episodes} episodes of the deterministic policy, off the clock, ours from the same initial states each time,
`imitation`'s from new ones; at least the last {least} must reach the goal. 0 is the random policy, 1 the
demonstrations' own return.

Our runs have the settings that stand in benchmarks-learning.json, those that paper/params.yaml had for their
environment when they ran, and a step that shrinks to nothing, `imitation`'s a constant one, with which they go on
swinging. `imitation` steps 8 environments. Its PPO has its defaults; its SAC takes an update for every two steps, and
its discriminator 8 after every 128. Rewards in its replay buffer stay those of the discriminator at their time. Our
steps include resets, one an episode. The environments of `imitation` are those of Gymnasium 0.29 (-v4), to which it is
pinned; Walker2d's feet differ there, so that it imitates a walker with other friction.
`make bench-learning` makes this page. {machine}
"""


def name(job: Job) -> str:
    return "/".join(map(str, job))


def first_there(snapshots: Sequence[Snapshot]) -> Snapshot | None:
    """Return the first snapshot that reaches the goal."""
    return next((snapshot for snapshot in snapshots if snapshot.score >= GOAL), None)


def sustained(snapshots: Sequence[Snapshot]) -> Snapshot | None:
    """Return the first snapshot from which on none is below the goal, if it was seen often enough."""
    reached = list(takewhile(lambda snapshot: snapshot.score >= GOAL, reversed(snapshots)))
    return reached[-1] if len(reached) >= LEAST_SNAPSHOTS else None


def page(runs: Mapping[str, Sequence[Snapshot]], trajs: int, machine: str) -> str:
    """Return the results as a page in Markdown."""
    rows = []
    for environment, (learner, label) in product(ENVS, LEARNERS.items()):
        of_seeds = [runs[name(Job(environment, learner, seed))] for seed in range(SEEDS)]
        first, for_good = [first_there(one) for one in of_seeds], [sustained(one) for one in of_seeds]
        steps = statistics.median(found.env_steps if found else inf for found in for_good)
        counts = (f"{SEEDS - reached.count(None)} of {SEEDS}" for reached in (first, for_good))
        seconds = (_median_seconds(reached, of_seeds) for reached in (first, for_good))
        shown_steps = f"{steps:,}" if steps < inf else "–"
        rows.append(f"| {' | '.join([environment, label, *counts, *seconds, shown_steps])} |")
    return PAGE.format(
        rows="\n".join(rows),
        goal=GOAL,
        trajs=trajs,
        minutes=PEER_SECONDS // 60,
        seeds=SEEDS,
        every=STEPS_A_SNAPSHOT,
        off_policy_every=OFF_POLICY_STEPS_A_SNAPSHOT,
        episodes=EPISODES,
        least=LEAST_SNAPSHOTS,
        machine=machine,
    )


def _median_seconds(reached: Sequence[Snapshot | None], of_seeds: Sequence[Sequence[Snapshot]]) -> str:
    seconds = statistics.median(found.seconds if found else inf for found in reached)
    tried = [one[-1].seconds for one, found in zip(of_seeds, reached, strict=True) if one and found is None]
    return f"{seconds:.0f}" if seconds < inf else f"> {min(tried, default=0):.0f}"
