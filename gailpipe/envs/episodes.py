"""Whole episodes in Gymnasium itself, which is what published returns are measured on."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gailpipe.envs.environment import Environment, make_env
from gailpipe.foundation.errors import UserError


@dataclass(frozen=True)
class Episode:
    """One episode of `length` steps."""

    observations: NDArray  # (length + 1, observation_dim): before each action, and after the last
    actions: NDArray  # (length, ...): as executed
    rewards: NDArray[np.float64]  # (length,)
    terminated: bool
    truncated: bool

    @property
    def length(self) -> int:
        return len(self.rewards)

    @property
    def episode_return(self) -> float:
        """The undiscounted sum of rewards."""
        return float(self.rewards.sum())


def play_episodes(environment: Environment, act: Callable[[NDArray], NDArray], seeds: Sequence[int]) -> list[Episode]:
    """Play one episode from each of `seeds`, all of them together, and return them in that order.

    Every episode is played to its own end, so that short ones are not over-represented.

    Args:
        environment: The environment to play.
        act: Maps observations (batch, observation_dim) to actions that the environment executes, (batch, ...).
        seeds: One seed of the environment's initial state per episode.

    Raises:
        UserError: Names the environment, the step and the quantity where the environment gives a NaN or an infinity.
    """
    envs, dtype = [make_env(environment) for _ in seeds], environment.observation_dtype
    observed = [[np.array(env.reset(seed=seed)[0], dtype)] for env, seed in zip(envs, seeds, strict=True)]
    acted: list[list[NDArray]] = [[] for _ in envs]
    rewarded: list[list[float]] = [[] for _ in envs]
    ends = [(False, False) for _ in envs]
    playing = list(range(len(envs)))
    while playing:
        actions = act(np.stack([observed[i][-1] for i in playing]))
        for i, action in zip(playing, actions, strict=True):
            observation, reward, terminated, truncated, _ = envs[i].step(action)
            for quantity, values in (("observation", observation), ("reward", float(reward))):
                if not np.isfinite(values).all():
                    raise UserError(
                        f"{environment.name}: step {len(rewarded[i])}: {quantity}: a NaN or an infinity arose"
                    )
            observed[i].append(np.array(observation, dtype))
            acted[i].append(action)
            rewarded[i].append(float(reward))
            ends[i] = (bool(terminated), bool(truncated))
        playing = [i for i in playing if not any(ends[i])]
    for env in envs:
        env.close()
    return [
        Episode(np.stack(observed[i]), np.stack(acted[i]), np.array(rewarded[i]), *ends[i]) for i in range(len(envs))
    ]
