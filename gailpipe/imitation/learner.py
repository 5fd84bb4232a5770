"""What GAIL, FEM and GTAL share: TRPO on a reward made from demonstrations, once for each seed."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Protocol

import torch

from gailpipe.envs.simulators import Simulators
from gailpipe.envs.tasks import find_task
from gailpipe.foundation.processes import available_cores
from gailpipe.foundation.progress import Progress
from gailpipe.foundation.seeding import derive_seed
from gailpipe.imitation.demonstrations import Demonstrations, load_demonstrations
from gailpipe.imitation.runs import Learned, train_seeds
from gailpipe.params.imitation import Imitation
from gailpipe.policies.checkpoint import Checkpoint
from gailpipe.policies.learning import watch
from gailpipe.policies.policy import Policy, make_policy
from gailpipe.rl.training import RewardFunction, train


class ImitationReward(RewardFunction, Protocol):
    """A reward that is made from demonstrations."""

    def files(self) -> dict[str, bytes]:
        """Return contents of files that are worth keeping beside the policy, by what they hold."""
        ...


MakeReward = Callable[[Policy, Demonstrations, torch.Generator, Path], ImitationReward]
"""Initialises a new policy, makes the reward that it will learn from, and may keep checkpoints in a folder."""


def imitate(
    algorithm: str, env: str, demonstrations: Path, settings: Imitation, seed: int, make_reward: MakeReward, out: Path
) -> None:
    """Train the policies of all seeds on the demonstrations in a file, and make the directory `out` of them.

    Raises:
        UserError: The demonstrations will not do, something else is at `out`, or a run failed: names its seed.
    """
    run = partial(_imitate_once, algorithm, env, demonstrations, settings, seed, make_reward)
    parameters = {"seed": seed, **settings.model_dump()}
    train_seeds(f"{algorithm}-{env}", parameters, demonstrations, run, settings.seeds, out)


def _imitate_once(
    algorithm: str,
    env: str,
    demonstrations_path: Path,
    settings: Imitation,
    seed: int,
    make_reward: MakeReward,
    index: int,
    checkpoints: Path,
) -> Learned:
    task = find_task(env)
    demonstrations = load_demonstrations(demonstrations_path, task, settings.trajs)
    generator = torch.Generator().manual_seed(derive_seed(seed, algorithm, env, index))
    policy = make_policy(task, settings.hidden_sizes, settings.initial_log_std, generator)
    reward_function = make_reward(policy, demonstrations, generator, checkpoints)
    checkpoint = Checkpoint(checkpoints / "training")
    num_threads = max(1, available_cores() // settings.seeds)  # all seeds run side by side

    def start_simulators(start: int) -> Simulators:
        simulators_seed = derive_seed(seed, f"{algorithm} simulators", env, index, start)
        return Simulators(task, settings.num_envs, simulators_seed, num_threads)

    training = train(policy, start_simulators, reward_function, settings, generator, checkpoint)
    with Progress(f"{algorithm} {env} seed {index}", settings.env_steps, position=index) as progress:
        curves = watch(training, checkpoint, "env_steps", progress)
        return Learned(policy, curves, reward_function.files())
