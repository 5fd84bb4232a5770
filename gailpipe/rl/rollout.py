"""Steps of a policy in many simulators at once."""

from dataclasses import dataclass

import torch
from torch import Tensor

from gailpipe.envs.simulators import Simulators
from gailpipe.policies.policy import Policy


@dataclass(frozen=True)
class Rollout:
    """`num_steps` steps of `num_envs` simulators. Rows that are not `valid` are resets: no transition, for no fit."""

    observations: Tensor  # (num_steps + 1, num_envs, observation_dim): before each step, and after the last
    actions: Tensor  # (num_steps, num_envs, action_dim) float32, or (num_steps, num_envs) int64
    rewards: Tensor  # (num_steps, num_envs): the environment's own
    terminated: Tensor  # (num_steps, num_envs), bool
    truncated: Tensor  # (num_steps, num_envs), bool
    valid: Tensor  # (num_steps, num_envs), bool
    episode_returns: Tensor  # (num_ended,): of the episodes that ended here, in the environment's reward
    episode_lengths: Tensor  # (num_ended,)

    @property
    def valid_observations(self) -> Tensor:  # (num_valid, observation_dim)
        return self.observations[:-1][self.valid]

    @property
    def valid_actions(self) -> Tensor:  # (num_valid, action_dim) or (num_valid,)
        return self.actions[self.valid]


class Collector:
    """Steps a policy on and on: each rollout goes on where the last one ended."""

    def __init__(self, simulators: Simulators, policy: Policy, num_steps: int, generator: torch.Generator) -> None:
        self._simulators, self._policy, self._num_steps = simulators, policy, num_steps
        self._generator = generator
        self._observations = torch.from_numpy(simulators.reset())  # (num_envs, observation_dim)
        self._ended = torch.zeros(simulators.num_envs, dtype=torch.bool)
        self._returns = torch.zeros(simulators.num_envs, dtype=torch.float64)
        self._lengths = torch.zeros(simulators.num_envs)

    @torch.no_grad()
    def collect(self) -> Rollout:
        """Sample the policy for `num_steps` steps of every simulator."""
        shape = (self._num_steps, self._simulators.num_envs)
        observations = torch.empty(shape[0] + 1, *self._observations.shape)
        actions, episode_returns, episode_lengths = [], [], []
        rewards = torch.empty(shape)
        terminated, truncated, valid = (torch.empty(shape, dtype=torch.bool) for _ in range(3))
        for step in range(self._num_steps):
            observations[step] = self._observations
            action = self._policy.sample(observations[step], self._generator)
            result = self._simulators.step(action.numpy())
            actions.append(action)
            rewards[step] = torch.from_numpy(result.rewards)
            terminated[step] = torch.from_numpy(result.terminated)
            truncated[step] = torch.from_numpy(result.truncated)
            valid[step] = ~self._ended
            self._observations = torch.from_numpy(result.observations)
            self._ended = terminated[step] | truncated[step]
            self._returns += rewards[step]
            self._lengths += valid[step]
            if self._ended.any():
                episode_returns.append(self._returns[self._ended])
                episode_lengths.append(self._lengths[self._ended])
                self._returns[self._ended] = 0
                self._lengths[self._ended] = 0
        observations[-1] = self._observations
        return Rollout(
            observations,
            torch.stack(actions),
            rewards,
            terminated,
            truncated,
            valid,
            torch.cat(episode_returns) if episode_returns else torch.empty(0),
            torch.cat(episode_lengths) if episode_lengths else torch.empty(0),
        )
