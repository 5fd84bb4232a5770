"""What GAIL, FEM and GTAL share: TRPO on a reward made from demonstrations."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

import torch

from gailpipe.demonstrations.demonstrations import Demonstrations, load_demonstrations
from gailpipe.envs.environment import find_environment
from gailpipe.envs.vector_env import VectorEnv
from gailpipe.foundation.processes import available_cores
from gailpipe.foundation.progress import Progress
from gailpipe.foundation.seeding import derive_seed
from gailpipe.policies.policy import Policy, make_policy
from gailpipe.rl.loop import RewardFunction, train
from gailpipe.rl.settings import Imitation
from gailpipe.training.checkpoint import Checkpoint
from gailpipe.training.metrics import learning_curves, show_on
from gailpipe.training.seeds import Learned, Run


class ImitationReward(RewardFunction, Protocol):
    """A reward that is made from demonstrations."""

    def files(self) -> dict[str, bytes]:
        """Return contents of files that are worth keeping beside the policy, by what they hold."""
        ...


Settings = TypeVar("Settings", bound=Imitation)
MakeReward = Callable[[Policy, Demonstrations, Settings, torch.Generator, Path], ImitationReward]
"""Initialises a new policy, makes the reward that it will learn from, and may keep checkpoints in a folder."""


@dataclass(frozen=True)
class ImitationRun(Run[Settings]):
    """TRPO on a reward made from the demonstrations."""

    make_reward: MakeReward[Settings]

    def __call__(self, index: int, checkpoints: Path) -> Learned:
        environment, settings = find_environment(self.env), self.settings
        demonstrations = load_demonstrations(self.demonstrations, environment, settings.trajs)
        generator = torch.Generator().manual_seed(derive_seed(self.seed, self.algorithm, self.env, index))
        policy = make_policy(environment, settings.hidden_sizes, settings.initial_log_std, generator)
        reward_function = self.make_reward(policy, demonstrations, settings, generator, checkpoints)
        checkpoint = Checkpoint(checkpoints / "training")
        num_threads = max(1, available_cores() // settings.seeds)  # all seeds run side by side

        def make_vector_env(start: int) -> VectorEnv:
            purpose = f"{self.algorithm} simulators"
            vector_env_seed = derive_seed(self.seed, purpose, self.env, index, start)
            return VectorEnv(environment, settings.num_envs, vector_env_seed, num_threads)

        name = f"{self.algorithm} {self.env} seed {index}"
        with Progress(name, settings.env_steps, position=index) as progress:
            show = show_on(progress, checkpoint, "env_steps")
            for metrics in train(policy, make_vector_env, reward_function, settings, generator, checkpoint):
                show(metrics)
        return Learned(policy, learning_curves(checkpoint), reward_function.files())
