"""TRPO on a reward made from demonstrations: what GAIL, FEM and GTAL share."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import torch

from gailpipe.demonstrations.demonstrations import Demonstrations, load_demonstrations
from gailpipe.envs.vector_env import VectorEnv
from gailpipe.foundation.processes import available_cores
from gailpipe.foundation.seeding import derive_seed
from gailpipe.policies.policy import Policy, make_policy
from gailpipe.rewards.reward_function import ImitationReward
from gailpipe.rl.on_policy.loop import train
from gailpipe.rl.on_policy.settings import Imitation
from gailpipe.training.checkpoint import Checkpoint
from gailpipe.training.metrics import follow, learning_curves
from gailpipe.training.seeds import Learned, Run

Settings = TypeVar("Settings", bound=Imitation)
MakeReward = Callable[[Policy, Demonstrations, Settings, torch.Generator, Path], ImitationReward]
"""Initialises a new policy, makes the reward that it will learn from, and may keep checkpoints in a folder."""


@dataclass(frozen=True)
class ImitationRun(Run[Settings]):
    """TRPO on a reward made from the demonstrations."""

    make_reward: MakeReward[Settings]

    def __call__(self, index: int, checkpoints: Path) -> Learned:
        environment, settings = self.environment, self.settings
        demonstrations = load_demonstrations(self.demonstrations, environment, settings.trajs)
        generator = self.generator(index)
        policy = make_policy(environment, settings.hidden_sizes, settings.initial_log_std, generator)
        reward_function = self.make_reward(policy, demonstrations, settings, generator, checkpoints)
        checkpoint = Checkpoint(checkpoints / "training")
        num_threads = max(1, available_cores() // settings.seeds)  # all seeds run side by side

        def make_vector_env(start: int) -> VectorEnv:
            purpose = f"{self.algorithm} simulators"
            vector_env_seed = derive_seed(self.seed, purpose, environment.name, index, start)
            return VectorEnv(environment, settings.num_envs, vector_env_seed, num_threads)

        training = train(policy, make_vector_env, reward_function, settings, generator, checkpoint)
        follow(training, self.name, settings.env_steps, "env_steps", checkpoint, index)
        return Learned(policy, learning_curves(checkpoint), reward_function.files())
