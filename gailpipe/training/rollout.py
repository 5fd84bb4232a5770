"""Steps of a policy in a vector environment."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gailpipe.envs.vector_env import Step, VectorEnv
from gailpipe.foundation.errors import UserError
from gailpipe.policies.policy import Policy
from gailpipe.training.compute import release_freed_memory
from gailpipe.training.transitions import Transitions

EPISODES_A_START, LEAST_STEPS_A_START = 4, 4000  # of each copy: whole episodes, and steps


@dataclass(frozen=True)
class Rollout:
    """`num_steps` steps of `num_envs` copies. Rows that are not `valid` are resets: no transition, for no fit."""

    observations: Tensor  # (num_steps + 1, num_envs, observation_dim): before each step, and after the last
    actions: Tensor  # (num_steps, num_envs, action_dim) float32, or (num_steps, num_envs) int64
    rewards: Tensor  # (num_steps, num_envs): the environment's own
    terminated: Tensor  # (num_steps, num_envs), bool
    truncated: Tensor  # (num_steps, num_envs), bool
    valid: Tensor  # (num_steps, num_envs), bool
    episode_returns: Tensor  # (num_ended,): of the episodes that ended here, in the environment's reward
    episode_lengths: Tensor  # (num_ended,)

    @property
    def transitions(self) -> Transitions:  # (num_steps, num_envs); what those that are not valid say means nothing
        before, after = self.observations[:-1], self.observations[1:]
        return Transitions(before, self.actions, after, self.rewards, self.terminated)


class Collector:
    """Steps a policy on and on: each rollout goes on where the last one ended.

    The state of a vector environment can't be saved, but its steps can be repeated: the state of a collector is the
    actions since its vector environment started. Every few episodes a new one starts, so that these stay few.
    """

    def __init__(
        self, make_vector_env: Callable[[int], VectorEnv], policy: Policy, num_steps: int, generator: torch.Generator
    ) -> None:
        self._make_vector_env, self._policy, self._generator = make_vector_env, policy, generator
        self._num_steps = num_steps
        self._starts = 0
        self._start()
        longest = self._vector_env.environment.max_episode_steps + 1
        self.steps_a_start = max(LEAST_STEPS_A_START, EPISODES_A_START * longest)

    @torch.no_grad()
    def collect(self) -> Rollout:
        """Sample the policy for `num_steps` steps of every copy.

        Where a new vector environment starts, the episodes that this cuts off appear in no returns or lengths.
        """
        if len(self._actions) >= self.steps_a_start:
            self._starts += 1
            self._vector_env.close()  # before the next one needs memory
            del self._vector_env
            release_freed_memory()
            self._start()
        observations, results = [self._observations], list[Step]()
        sample = self._policy.sampler(self._generator)
        for _ in range(self._num_steps):
            results.append(self._step(sample(self._observations)))
            observations.append(self._observations)
        valid, episode_returns, episode_lengths = list[NDArray](), [np.empty(0)], [np.empty(0)]
        for result in results:  # apart, since the simulators leave nothing of it in the processor's caches
            valid.append(~self._ended)
            self._count(result)
            episode_returns.append(self._returns[self._ended])
            episode_lengths.append(self._lengths[self._ended])
        return Rollout(
            torch.stack(observations),
            torch.stack(self._actions[-self._num_steps :]),
            torch.from_numpy(np.stack([result.rewards for result in results])),
            torch.from_numpy(np.stack([result.terminated for result in results])),
            torch.from_numpy(np.stack([result.truncated for result in results])),
            torch.from_numpy(np.stack(valid)),
            torch.from_numpy(np.concatenate(episode_returns)),
            torch.from_numpy(np.concatenate(episode_lengths)),
        )

    def state_dict(self) -> dict[str, Tensor]:
        """Return what it takes to come here again: the number of this start, and the actions since then."""
        return {
            "starts": torch.tensor(self._starts),
            "actions": torch.stack(self._actions) if self._actions else torch.empty(0),
            "observations": self._observations,
        }

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        """Start a vector environment, and repeat the actions.

        Raises:
            UserError: It did not repeat itself.
        """
        self._starts = int(state["starts"])
        self._vector_env.close()
        del self._vector_env
        self._start()
        for actions in state["actions"]:
            self._count(self._step(actions))
        if not torch.equal(self._observations, state["observations"]):
            raise UserError(
                f"{self._policy.environment.name}: can't go on: the same seed and actions led elsewhere this time; "
                "make the environment deterministic, or remove .scratch to start afresh"
            )

    def _start(self) -> None:
        self._vector_env = self._make_vector_env(self._starts)
        self._actions: list[Tensor] = []  # one per step, (num_envs, action_dim) or (num_envs,)
        self._observations = torch.from_numpy(self._vector_env.reset())  # (num_envs, observation_dim)
        num_envs = self._vector_env.num_envs
        self._ended = np.zeros(num_envs, bool)
        self._returns, self._lengths = np.zeros(num_envs), np.zeros(num_envs)  # of episodes so far

    def _step(self, actions: Tensor) -> Step:
        result = self._vector_env.step(actions.numpy())
        self._actions.append(actions)
        self._observations = torch.from_numpy(result.observations)
        return result

    def _count(self, result: Step) -> None:
        """Add a step to the returns and lengths of its episodes."""
        self._returns[self._ended] = 0
        self._lengths[self._ended] = -1  # the step is a reset
        self._ended = result.terminated | result.truncated
        self._returns += result.rewards
        self._lengths += 1
