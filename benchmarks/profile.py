"""Measure what an iteration of GAIL spends its CPU seconds on, and print the table by parts in Markdown.

One process and one Torch thread for each environment, one after the other. CPU seconds are those of the whole process,
simulators included, so other programs disturb them less than they do the time that passes.
"""

import argparse
import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.machine import describe_machine
from benchmarks.runs import CEILING_ENVS, NO_SUCCESS, Log, LoggedVectorEnv, in_new_process, transitions
from benchmarks.snapshots import start_gail, vector_env_arguments
from gailpipe.algorithms.gail.reward import GailReward
from gailpipe.algorithms.gail.settings import Gail
from gailpipe.demonstrations.demonstrations import load_demonstrations
from gailpipe.envs.environment import Environment, find_environment
from gailpipe.envs.vector_env import VectorEnv
from gailpipe.foundation.command import run
from gailpipe.foundation.errors import UserError
from gailpipe.foundation.params import load_section
from gailpipe.policies.normalizer import Normalizer
from gailpipe.policies.policy import CategoricalPolicy, GaussianPolicy
from gailpipe.report.tables import table
from gailpipe.rl.on_policy import loop, trpo, trust_region
from gailpipe.rl.on_policy.value_function import ValueFunction
from gailpipe.training.compute import use_one_thread
from gailpipe.training.rollout import Collector

ENVS = ("HalfCheetah-v5", "Hopper-v5", "Walker2d-v5", "Humanoid-v5")
WARM_UP = 2  # iterations
RANDOM_STEPS = 16  # of all copies, after each iteration
PARTS: dict[str, tuple[Any, ...]] = {
    "simulators": (VectorEnv, "step"),
    "rollout: the rest": (Collector, "collect"),
    "discriminator: its steps": (GailReward, "fit"),
    "discriminator: rewards": (GailReward, "__call__"),
    "TRPO: conjugate gradients": (trust_region, "conjugate_gradient"),
    "TRPO: gradient, line search": (trpo, "trust_region_step"),
    "TRPO: the rest": (loop, "trpo_step"),
    "value function: its steps": (ValueFunction, "fit"),
    "value function: values": (ValueFunction, "forward"),
    "advantages": (loop, "gae"),
    "normaliser: its moments": (Normalizer, "update"),
    "checks that all is finite": (loop, "require_finite", "require_finite_parts"),
}
ACTIONS, REST = "rollout: the policy's actions", "the rest"
SHARE = "share of random actions' speed"
ROWS = ("simulators", ACTIONS, *list(PARTS)[1:], REST)


class Stopwatch:
    """CPU seconds by part; what a part calls of another one counts there alone."""

    def __init__(self) -> None:
        self.seconds = defaultdict[str, float](float)
        self._running, self._since = [REST], time.process_time()

    def lap(self) -> None:
        now = time.process_time()
        self.seconds[self._running[-1]] += now - self._since
        self._since = now

    def timed(self, part: str, function: Callable) -> Callable:
        def run_timed(*arguments: Any, **keywords: Any) -> Any:
            self.lap()
            self._running.append(part)
            try:
                return function(*arguments, **keywords)
            finally:
                self.lap()
                self._running.pop()

        return run_timed

    def attach(self) -> None:
        """Time all parts in this process, from now on."""
        for part, (owner, *names) in PARTS.items():
            for name in names:
                setattr(owner, name, self.timed(part, getattr(owner, name)))
        for kind in (GaussianPolicy, CategoricalPolicy):
            kind.sampler = self._timed_sampler(kind.sampler)  # type: ignore[method-assign]

    def _timed_sampler(self, sampler: Callable) -> Callable:
        return lambda *arguments: self.timed(ACTIONS, sampler(*arguments))


def main(arguments: argparse.Namespace) -> None:
    if arguments.iterations < 1:
        raise UserError(f"--iterations: {arguments.iterations}: must be 1 at least")
    columns = {
        env: in_new_process(profile, env, arguments.params, arguments.demonstrations, arguments.iterations)
        for env in arguments.env or ENVS
    }
    rows = [{"part": part, **{env: cell(column, part) for env, column in columns.items()}} for part in ROWS]
    rows.append({"part": "all", **{env: f"{total(column):,.0f}" for env, column in columns.items()}})
    rows.append({"part": SHARE, **{env: f"{column[SHARE]:.2f}" for env, column in columns.items()}})
    print(table(rows, labels=1))
    print(f"\nMedian CPU milliseconds of {arguments.iterations} iterations. {describe_machine()}")


def cell(column: Mapping[str, float], part: str) -> str:
    return f"{column[part]:,.1f} ({column[part] / total(column):.1%})"


def total(column: Mapping[str, float]) -> float:
    return sum(column[part] for part in ROWS)


def profile(env: str, params: Path, demonstrations: Path, iterations: int) -> dict[str, float]:
    """Return the median milliseconds of each part of an iteration, and the share of random actions' speed."""
    use_one_thread()
    environment, settings = find_environment(env), load_section(params, Gail, "gail", env, [NO_SUCCESS])
    pairs = load_demonstrations(demonstrations / f"{env}.parquet", environment, settings.trajs)
    log, stopwatch, random = Log(), Stopwatch(), random_costs(environment)

    def make_vector_env(start: int) -> VectorEnv:
        return LoggedVectorEnv(log, *vector_env_arguments(settings, environment, 0, start, num_threads=1))

    _, training = start_gail(environment, pairs, settings, 0, make_vector_env)
    measured = list[dict[str, float]]()
    stopwatch.attach()
    for _ in islice(training, WARM_UP + iterations):
        stopwatch.lap()
        cost = sum(stopwatch.seconds.values()) / log.transitions
        milliseconds = {part: 1000 * stopwatch.seconds[part] for part in ROWS}
        measured.append(milliseconds | {SHARE: next(random) / cost})
        log.transitions = 0
        stopwatch.lap()
        stopwatch.seconds.clear()
    return {name: statistics.median(one[name] for one in measured[WARM_UP:]) for name in measured[0]}


def random_costs(environment: Environment) -> Iterator[float]:
    """Step random actions, and yield the CPU seconds of a transition, again and again."""
    vector_env = VectorEnv(environment, CEILING_ENVS, seed=0, num_threads=1)
    vector_env.reset()
    generator = np.random.default_rng(0)
    while True:
        started, count = time.process_time(), 0
        for _ in range(RANDOM_STEPS):
            count += transitions(vector_env.step(environment.actions.draw(CEILING_ENVS, generator)))
        yield (time.process_time() - started) / count


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks.profile", description=__doc__)
    parser.add_argument("--env", action="append", metavar="ENV", help=f"may be repeated; default: {', '.join(ENVS)}")
    parser.add_argument("--params", type=Path, default=Path("paper/params.yaml"), help="default: %(default)s")
    parser.add_argument(
        "--demonstrations", type=Path, default=Path("paper/data/demonstrations"), help="default: %(default)s"
    )
    parser.add_argument("--iterations", type=int, default=20, help="default: %(default)s")
    run(main, parser)
