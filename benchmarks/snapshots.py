"""How good a policy becomes with time: ours, and a peer's, from the same demonstrations."""

import json
import statistics
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.peer import run_peer
from gailpipe.algorithms.dac.learner import start_dac
from gailpipe.algorithms.dac.settings import Dac
from gailpipe.algorithms.gail.learner import initialize
from gailpipe.algorithms.gail.reward import GailReward
from gailpipe.algorithms.gail.settings import Gail
from gailpipe.demonstrations.demonstrations import Demonstrations, load_demonstrations
from gailpipe.envs.environment import Environment, find_environment
from gailpipe.envs.episodes import play_episodes
from gailpipe.envs.vector_env import VectorEnv
from gailpipe.evaluation.returns import trajectory_returns
from gailpipe.foundation.seeding import derive_seed
from gailpipe.grid.scores import normalized
from gailpipe.policies.policy import Policy, make_policy
from gailpipe.rl.off_policy.loop import train as train_off_policy
from gailpipe.rl.on_policy.loop import train
from gailpipe.training.checkpoint import Checkpoint, Metrics
from gailpipe.training.compute import use_one_thread

STEPS_A_SNAPSHOT, OFF_POLICY_STEPS_A_SNAPSHOT, EPISODES = 50_000, 5_000, 10
PEER_SECONDS = 15 * 60
CLONING_STEPS = 3000


class Snapshot(NamedTuple):
    """How good a policy was, and what it had cost; evaluations are off the clock."""

    env_steps: int
    seconds: float
    score: float


class Job(NamedTuple):
    environment: str
    learner: str  # gail, gail-bc, dac, imitation or imitation-sac
    seed: int

    @property
    def steps_a_snapshot(self) -> int:
        return OFF_POLICY_STEPS_A_SNAPSHOT if self.learner in ("dac", "imitation-sac") else STEPS_A_SNAPSHOT


def learn(job: Job, settings: Gail | Dac, demonstrations: Path, peer: Path) -> list[Snapshot]:
    """Run a learner, and return its snapshots, the last of them at its end.

    Args:
        job: What to run.
        settings: Of our GAIL or DAC.
        demonstrations: The environment's file.
        peer: Python that has `imitation`.
    """
    use_one_thread()
    environment = find_environment(job.environment)
    pairs = load_demonstrations(demonstrations, environment, settings.trajs)
    to_score = partial(
        normalized, random_return=random_return(environment), expert_return=trajectory_returns(demonstrations).mean()
    )
    if job.learner.startswith("imitation"):
        return _peer(peer, job, pairs, to_score)
    return _ours(environment, pairs, settings, job, to_score)


def _ours(
    environment: Environment, pairs: Demonstrations, settings: Gail | Dac, job: Job, to_score: Callable[[float], float]
) -> list[Snapshot]:
    seconds, started = 0.0, time.perf_counter()

    def make_vector_env(start: int) -> VectorEnv:
        return VectorEnv(*vector_env_arguments(settings, environment, job.seed, start, num_threads=1))

    if isinstance(settings, Dac):
        policy, training = start_off_policy(environment, pairs, settings, job.seed, make_vector_env)
    else:
        policy, training = start_gail(environment, pairs, settings, job.seed, make_vector_env)
    snapshots: list[Snapshot] = []
    for figures in training:
        steps = int(figures["env_steps"])
        if steps >= job.steps_a_snapshot * (len(snapshots) + 1) or steps >= settings.env_steps:
            seconds += time.perf_counter() - started
            snapshots.append(Snapshot(steps, round(seconds, 1), round(to_score(mean_return(environment, policy)), 3)))
            started = time.perf_counter()
    return snapshots


def start_gail(
    environment: Environment,
    pairs: Demonstrations,
    settings: Gail,
    seed: int,
    make_vector_env: Callable[[int], VectorEnv],
) -> tuple[Policy, Iterator[Metrics]]:
    """Return a new policy, and its training, which goes on as its metrics are read."""
    generator = torch.Generator().manual_seed(seed)
    policy = make_policy(environment, settings.hidden_sizes, settings.initial_log_std, generator)
    initialize(policy, pairs, settings, generator, Checkpoint())
    reward_function = GailReward(policy, pairs, settings, generator)
    return policy, train(policy, make_vector_env, reward_function, settings, generator, Checkpoint())


def start_off_policy(
    environment: Environment,
    pairs: Demonstrations,
    settings: Dac,
    seed: int,
    make_vector_env: Callable[[int], VectorEnv],
) -> tuple[Policy, Iterator[Metrics]]:
    """Return the policy that DAC will end with, and its training, which goes on as its metrics are read."""
    generator = torch.Generator().manual_seed(seed)
    learner, reward_function = start_dac(environment, pairs, settings, generator)
    precision = pairs.observations.dtype
    return learner.average, train_off_policy(
        learner, make_vector_env, reward_function, settings, precision, generator, Checkpoint(), None
    )


def vector_env_arguments(
    settings: Gail | Dac, environment: Environment, seed: int, start: int, num_threads: int
) -> tuple[Environment, int, int, int]:
    """Return the arguments of the vector environment of a run's `start`."""
    return environment, settings.num_envs, derive_seed(seed, "benchmark", environment.name, start), num_threads


def _peer(peer: Path, job: Job, pairs: Demonstrations, to_score: Callable[[float], float]) -> list[Snapshot]:
    with TemporaryDirectory() as folder:
        file = Path(folder) / "pairs.json"
        file.write_text(json.dumps({"observations": pairs.observations.tolist(), "actions": pairs.actions.tolist()}))
        rounds = run_peer(
            peer,
            job.environment,
            f"--seconds={PEER_SECONDS}",
            f"--seed={job.seed}",
            f"--pairs={file}",
            f"--algorithm={'SAC' if job.learner == 'imitation-sac' else 'PPO'}",
            f"--evaluate-every={job.steps_a_snapshot}",
            f"--episodes={EPISODES}",
        )
        return [
            Snapshot(one["env_steps"], round(one["seconds"], 1), round(to_score(one["return"]), 3))
            for one in rounds
            if "return" in one
        ]


def mean_return(environment: Environment, act: Callable[[NDArray], NDArray]) -> float:
    """Return the mean return of a few episodes in Gymnasium, from the same initial states each time."""
    episodes = play_episodes(environment, act, range(EPISODES))
    return statistics.fmean(episode.episode_return for episode in episodes)


def random_return(environment: Environment) -> float:
    generator = np.random.default_rng(0)
    return mean_return(environment, lambda observations: environment.actions.draw(len(observations), generator))
