"""Measure what learned rewards are worth where the dynamics have changed: GAIL's, AIRL's, and the true one.

Each reward is learned on HalfCheetah, frozen, and maximised by TRPO where gravity is half as large again. What is done
is kept in --out after each run; started again, this goes on from there.
"""

import argparse
import json
import statistics
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeAlias

from benchmarks.heavy_cheetah import GRAVITY
from benchmarks.machine import describe_machine
from benchmarks.snapshots import EPISODES, mean_return, random_return
from gailpipe.algorithms.expert.learner import learn_expert
from gailpipe.algorithms.expert.settings import Expert
from gailpipe.algorithms.gail.learner import learn_gail
from gailpipe.algorithms.gail.settings import Gail
from gailpipe.envs.environment import find_environment
from gailpipe.envs.settings import EnvSettings
from gailpipe.foundation.checksum import read_checked
from gailpipe.foundation.command import run
from gailpipe.foundation.files import write_file
from gailpipe.foundation.params import load_section
from gailpipe.foundation.processes import available_cores, side_by_side
from gailpipe.policies.policy_file import load_policy

LEARNED_IN, SEEDS = "HalfCheetah-v5", 3
CHANGED = EnvSettings(id="benchmarks.heavy_cheetah:HeavyCheetah-v0")
Job: TypeAlias = tuple[str, int]  # the form of a reward, and a seed
FORMS = {"GAIL": "pairs", "AIRL, g(s, a)": "shaped", "AIRL, g(s)": "shaped_states"}
TRUE = "the true reward"
PAGE = """\
# Rewards where the dynamics have changed

Each reward is learned on {learned_in} from {trajs} trajectories, by TRPO in {imitation:,} steps. It is then frozen, and
TRPO maximises it from a random policy in {transfer:,} steps where gravity is {gravity:g} times as large. The return is
the environment's own there, of {episodes} deterministic episodes. "Moved" is the policy that learned beside the reward,
as it is.

| reward | trained anew | each seed | moved | each seed |
|---|--:|---|--:|---|
{rows}

Means over {seeds} seeds. The random policy makes {random:,.0f}. `make bench-transfer` makes this page. {machine}
"""


def main(arguments: argparse.Namespace) -> None:
    gail = load_section(arguments.params, Gail, "gail", LEARNED_IN).model_copy(update={"seeds": 1})
    expert = load_section(arguments.params, Expert, "expert", LEARNED_IN)
    conditions = {
        "machine": describe_machine(),
        "demonstrations": sha256(read_checked(arguments.demonstrations)).hexdigest(),
        "settings": [gail.model_dump(), expert.model_dump()],
    }
    results = arguments.out / "benchmarks-transfer.json"
    runs = load_runs(results, conditions)
    jobs = [(form, seed) for form in (TRUE, *FORMS) for seed in range(SEEDS) if f"{form}/{seed}" not in runs]
    print(f"{len(runs)} runs stand under the same conditions in {results}; {len(jobs)} are to be done", flush=True)
    for some in batched(jobs, available_cores()):
        measure = partial(_measure, gail, expert, arguments.demonstrations, some)
        for (form, seed), found in zip(some, side_by_side(measure, range(len(some))), strict=True):
            runs[f"{form}/{seed}"] = found
            print(f"{form}, seed {seed}: {found}", flush=True)
        write_file(results, f"{json.dumps({'conditions': conditions, 'runs': runs}, indent=2)}\n".encode())
    write_file(arguments.out / "benchmarks-transfer.md", page(runs, gail, expert).encode())


def load_runs(path: Path, conditions: Mapping[str, Any]) -> dict[str, dict[str, float]]:
    """Return the runs of an earlier benchmark under the same conditions."""
    stored = json.loads(path.read_text()) if path.exists() else {}
    return stored["runs"] if stored.get("conditions") == conditions else {}


def batched(jobs: Sequence[Job], size: int) -> Iterator[Sequence[Job]]:
    """Yield `size` jobs after `size` jobs, the last time what is left."""
    return (jobs[first : first + size] for first in range(0, len(jobs), size))


def _measure(gail: Gail, expert: Expert, demonstrations: Path, jobs: Sequence[Job], number: int) -> dict[str, float]:
    """Return what the reward of one of `jobs` is worth in the changed environment, and the policy beside it."""
    form, seed = jobs[number]
    changed = find_environment("HeavyCheetah", CHANGED)
    with TemporaryDirectory() as folder:
        found, reward = dict[str, float](), None
        if form != TRUE:
            fit = gail.discriminator.model_copy(update={"form": FORMS[form]})
            settings, learned = gail.model_copy(update={"discriminator": fit}), Path(folder) / "learned"
            learn_gail(find_environment(LEARNED_IN), demonstrations, settings, seed, learned)
            reward = learned / "seed-0-reward.safetensors"
            found["moved"] = round(mean_return(changed, load_policy(learned / "seed-0.safetensors")), 1)
        learn_expert(changed, expert, seed, reward, Path(folder) / "anew")
        return found | {
            "anew": round(mean_return(changed, load_policy(Path(folder) / "anew" / "policy.safetensors")), 1)
        }


def page(runs: Mapping[str, Mapping[str, float]], gail: Gail, expert: Expert) -> str:
    """Return the results as a page in Markdown."""
    rows = []
    for form in (TRUE, *FORMS):
        cells = [form]
        for how in ("anew", "moved"):
            values = [runs[f"{form}/{seed}"].get(how) for seed in range(SEEDS)]
            known = [value for value in values if value is not None]
            cells += (
                [f"{statistics.fmean(known):,.0f}", ", ".join(f"{value:,.0f}" for value in known)]
                if known
                else ["–", ""]
            )
        rows.append(f"| {' | '.join(cells)} |")
    return PAGE.format(
        rows="\n".join(rows),
        learned_in=LEARNED_IN,
        trajs=gail.trajs,
        imitation=gail.interactions,
        transfer=expert.env_steps,
        gravity=GRAVITY,
        episodes=EPISODES,
        seeds=SEEDS,
        random=random_return(find_environment("HeavyCheetah", CHANGED)),
        machine=describe_machine(),
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks.transfer", description=__doc__)
    parser.add_argument("--params", type=Path, default=Path("params.yaml"), help="default: %(default)s")
    parser.add_argument("--out", type=Path, default=Path("reports"), help="default: %(default)s")
    parser.add_argument(
        "--demonstrations",
        type=Path,
        default=Path(f"data/demonstrations/{LEARNED_IN}.parquet"),
        help="default: %(default)s",
    )
    run(main, parser)
