"""Environment steps per second of the environments alone, and of GAIL with all that it does."""

import multiprocessing
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from itertools import chain, cycle, pairwise
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from benchmarks.snapshots import start_gail, start_off_policy, vector_env_arguments
from gailpipe.algorithms.dac.settings import Dac
from gailpipe.algorithms.gail.settings import Gail
from gailpipe.demonstrations.demonstrations import Demonstrations
from gailpipe.envs.environment import Environment, find_environment
from gailpipe.envs.vector_env import Step, VectorEnv
from gailpipe.foundation.errors import UserError
from gailpipe.foundation.processes import all_or_none, available_cores, side_by_side
from gailpipe.training.compute import use_one_thread

CEILING_ENVS = 256
NO_SUCCESS = "episodes_end_on_success=false"  # in no task of a benchmark
PAIRS = 200  # of demonstrations, as in four trajectories of the paper
WARM_UP_SECONDS = 5.0
Measured = TypeVar("Measured")


def random_speed(seconds: float, env: str) -> float:
    """Return the steps per second of random actions on all cores: what this machine can do."""
    environment = find_environment(env)
    vector_env = VectorEnv(environment, CEILING_ENVS, seed=0, num_threads=available_cores())
    vector_env.reset()
    generator = np.random.default_rng(0)
    batches = [environment.actions.draw(CEILING_ENVS, generator) for _ in range(64)]
    return _speed((transitions(vector_env.step(actions)) for actions in cycle(batches)), seconds)


def side_by_side_speeds(settings: Gail, seconds: float, env: str) -> tuple[float, float]:
    """Return the steps per second of all runs together, one for each core, and of their actions without learning."""
    speeds = list(side_by_side(partial(_run_speeds, settings, seconds, env), range(available_cores())))
    return sum(run for run, _ in speeds), sum(replay for _, replay in speeds)


def gail_speed(settings: Gail, seconds: float, env: str, seed: int, num_threads: int = 1) -> float:
    """Return the steps per second of one run whose simulators have so many threads."""
    return _speed(_run(settings, find_environment(env), seed, num_threads, Log()), seconds)


def off_policy_speed(settings: Dac, seconds: float, env: str, seed: int) -> float:
    """Return the steps per second of one run of DAC on one core, with the updates that are due after them."""
    use_one_thread()
    environment = find_environment(env)

    def make_vector_env(start: int) -> VectorEnv:
        return VectorEnv(*vector_env_arguments(settings, environment, seed, start, num_threads=1))

    pairs = _random_demonstrations(environment)
    _, training = start_off_policy(environment, pairs, settings, seed, make_vector_env)
    ends = (int(metrics["env_steps"]) for metrics in training)
    return _speed((after - before for before, after in pairwise(chain([0], ends))), seconds)


def in_new_process(measure: Callable[..., Measured], *arguments: object) -> Measured:
    """Measure where nothing has set up Torch or the allocation of memory before."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool, all_or_none(pool):
        return pool.submit(measure, *arguments).result()


def _run_speeds(settings: Gail, seconds: float, env: str, seed: int) -> tuple[float, float]:
    environment, log = find_environment(env), Log()
    run = _speed(_run(settings, environment, seed, 1, log), seconds)
    return run, _speed(
        replay(lambda start: VectorEnv(*vector_env_arguments(settings, environment, seed, start, 1)), log), seconds
    )


@dataclass
class Log:
    """What a vector environment did: the actions of each start, and how many transitions they made in all."""

    actions: list[list[NDArray]] = field(default_factory=list)
    transitions: int = 0


class LoggedVectorEnv(VectorEnv):
    """A `VectorEnv` that keeps `log`, from a new start on."""

    def __init__(self, log: Log, environment: Environment, num_envs: int, seed: int, num_threads: int) -> None:
        super().__init__(environment, num_envs, seed, num_threads)
        self._log = log
        log.actions.append([])

    def step(self, actions: NDArray) -> Step:
        step = super().step(actions)
        self._log.actions[-1].append(actions)
        self._log.transitions += transitions(step)
        return step


def transitions(step: Step) -> int:
    """Return how many of the copies made a transition, leaving out those that reset themselves.

    For each episode that ends, one does so in the step after it; here it is left out where the episode ends.
    """
    return int((~(step.terminated | step.truncated)).sum())


def replay(make_vector_env: Callable[[int], VectorEnv], log: Log) -> Iterator[int]:
    """Execute the actions of each start again, over and over; yield how many transitions were made."""
    for start, actions in cycle(enumerate(log.actions)):
        vector_env = make_vector_env(start)
        vector_env.reset()
        yield from (transitions(vector_env.step(one)) for one in actions)
        del vector_env  # before the next one needs memory


def _run(settings: Gail, environment: Environment, seed: int, num_threads: int, log: Log) -> Iterator[int]:
    """Train, and yield how many transitions each iteration made."""
    use_one_thread()

    def make_vector_env(start: int) -> VectorEnv:
        return LoggedVectorEnv(log, *vector_env_arguments(settings, environment, seed, start, num_threads))

    _, training = start_gail(environment, _random_demonstrations(environment), settings, seed, make_vector_env)
    for _ in training:
        yield log.transitions
        log.transitions = 0


def _speed(counts: Iterator[int], seconds: float) -> float:
    """Return the sum of `counts` per second, over `seconds` after a warm-up; go on for the warm-up's time again.

    So runs side by side are in each other's way as long as they are measured, though they start at different times.
    """
    done, started, ended = 0, None, None
    begun = time.perf_counter()
    for count in counts:
        now = time.perf_counter()
        if started is None:
            started = now if now - begun >= WARM_UP_SECONDS else None
        elif ended is None:
            done += count
            ended = now if now - started >= seconds else None
        elif now - ended >= WARM_UP_SECONDS:
            break
    if started is None or ended is None:
        raise UserError("--seconds: the training ended before they had passed; give fewer, or larger env_steps")
    return done / (ended - started)


def _random_demonstrations(environment: Environment) -> Demonstrations:
    """Return pairs of the random policy, which the peer imitates, too; of environments with continuous actions."""
    vector_env = VectorEnv(environment, num_envs=1, seed=0, num_threads=1)
    generator = np.random.default_rng(0)
    observations, actions = list[Tensor](), list[Tensor]()
    observation, ended = vector_env.reset(), False
    while len(actions) < PAIRS:
        action = environment.actions.draw(1, generator)
        if not ended:  # the step after an end resets, whatever the action
            observations.append(torch.from_numpy(observation))
            actions.append(torch.from_numpy(action).float())
        step = vector_env.step(action)
        observation, ended = step.observations, bool((step.terminated | step.truncated).item())
    return Demonstrations(torch.cat(observations), torch.cat(actions))
