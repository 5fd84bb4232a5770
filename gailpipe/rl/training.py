"""The one loop of everything that learns from rollouts."""

from collections.abc import Iterator
from typing import Protocol

import torch
from torch import Tensor

from gailpipe.envs.simulators import Simulators
from gailpipe.params.training import Training
from gailpipe.policies.policy import Policy
from gailpipe.rl.advantages import gae
from gailpipe.rl.rollout import Collector, Rollout
from gailpipe.rl.trpo import trpo_step
from gailpipe.rl.value_function import ValueFunction


class RewardFunction(Protocol):
    """Where the reward comes from: all that the expert and GAIL differ in."""

    def fit(self, rollout: Rollout) -> dict[str, float]:
        """Learn from `rollout`, and return figures for the learning curves."""
        ...

    def __call__(self, rollout: Rollout) -> Tensor:
        """Return the reward of each step, (num_steps, num_envs)."""
        ...


class EnvironmentReward:
    """The task's own reward, which an expert maximises."""

    def fit(self, rollout: Rollout) -> dict[str, float]:
        return {}

    def __call__(self, rollout: Rollout) -> Tensor:
        return rollout.rewards


def train(
    policy: Policy,
    simulators: Simulators,
    reward_function: RewardFunction,
    settings: Training,
    generator: torch.Generator,
) -> Iterator[dict[str, float]]:
    """Train `policy` in place, and yield the figures of each iteration.

    `return` and `length` are means over the episodes that ended in the iteration, in the environment's own reward:
    nothing but `EnvironmentReward` learns from them. They are NaN where no episode ended.
    """
    value_function = ValueFunction(policy.normalizer, settings.hidden_sizes, settings.value_function, generator)
    collector = Collector(simulators, policy, settings.num_steps, generator)
    for iteration in range(settings.iterations):
        rollout = collector.collect()
        observations, actions, valid = rollout.valid_observations, rollout.valid_actions, rollout.valid
        figures: dict[str, float] = {"env_steps": (iteration + 1) * settings.num_steps * settings.num_envs}
        figures |= reward_function.fit(rollout)
        with torch.no_grad():
            values = value_function(rollout.observations)
            rewards = reward_function(rollout)
        advantages, returns = gae(
            rewards, values, rollout.terminated, rollout.truncated, settings.discount, settings.gae_lambda
        )
        figures |= trpo_step(policy, observations, actions, advantages[valid], settings, generator)
        figures |= value_function.fit(observations, returns[valid], generator)
        policy.normalizer.update(observations)
        figures["return"] = float(rollout.episode_returns.mean())
        figures["length"] = float(rollout.episode_lengths.mean())
        yield figures
