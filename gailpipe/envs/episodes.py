"""Whole episodes in Gymnasium itself, which is what published returns are measured on."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import gymnasium
import numpy as np
from numpy.typing import NDArray

from gailpipe.envs.environment import Environment
from gailpipe.foundation.errors import UserError


@dataclass(frozen=True)
class Episode:
    """One episode of `length` steps; row i holds what was observed before action i and what followed it."""

    observations: NDArray[np.float32]  # (length, observation_dim)
    actions: NDArray  # (length, action_dim) float, or (length,) int: as executed
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
    envs = [gymnasium.make(environment.name) for _ in seeds]
    latest = [env.reset(seed=seed)[0] for env, seed in zip(envs, seeds, strict=True)]
    observed: list[list[NDArray]] = [[] for _ in envs]
    acted: list[list[NDArray]] = [[] for _ in envs]
    rewarded: list[list[float]] = [[] for _ in envs]
    ends = [(False, False) for _ in envs]
    playing = list(range(len(envs)))
    while playing:
        observations = np.stack([latest[i] for i in playing]).astype(np.float32)
        actions = act(observations)
        for i, observation, action in zip(playing, observations, actions, strict=True):
            latest[i], reward, terminated, truncated, _ = envs[i].step(action)
            for quantity, values in (("observation", latest[i]), ("reward", float(reward))):
                if not np.isfinite(values).all():
                    raise UserError(
                        f"{environment.name}: step {len(rewarded[i])}: {quantity}: a NaN or an infinity arose"
                    )
            observed[i].append(observation)
            acted[i].append(action)
            rewarded[i].append(float(reward))
            ends[i] = (bool(terminated), bool(truncated))
        playing = [i for i in playing if not any(ends[i])]
    for env in envs:
        env.close()
    return [
        Episode(np.stack(observed[i]), np.stack(acted[i]), np.array(rewarded[i]), *ends[i]) for i in range(len(envs))
    ]
