"""Many copies of an environment stepped together: by EnvPool where it has the environment, else by Gymnasium."""

import warnings
from typing import Any, NamedTuple

import envpool
import gymnasium
import numpy as np
from gymnasium.vector import AutoresetMode
from numpy.typing import NDArray

from gailpipe.envs.environment import Environment


class Step(NamedTuple):
    """What one step of all copies returned, in arrays that no later step writes into; each is (num_envs, ...)."""

    observations: NDArray[np.float32]  # (num_envs, observation_dim)
    rewards: NDArray[np.float32]  # (num_envs,)
    terminated: NDArray[np.bool_]  # (num_envs,)
    truncated: NDArray[np.bool_]  # (num_envs,)


class VectorEnv:
    """`num_envs` copies of an environment.

    A copy resets itself in the step after its episode's end. That step's action is discarded, its reward is 0, and
    the observation before it is the ended episode's last one.
    """

    def __init__(self, environment: Environment, num_envs: int, seed: int, num_threads: int) -> None:
        self.environment = environment
        self.num_envs = num_envs
        self._seed: int | None = None
        self._envs: Any  # a gymnasium.vector.VectorEnv
        if environment.name in envpool.list_all_envs():
            self._envs = envpool.make_gymnasium(
                environment.name,
                num_envs=num_envs,
                seed=seed,
                num_threads=num_threads,
                max_episode_steps=environment.max_episode_steps,
            )
        else:
            self._seed = seed
            self._envs = gymnasium.make_vec(
                environment.name,
                num_envs=num_envs,
                vectorization_mode="sync",
                vector_kwargs={"autoreset_mode": AutoresetMode.NEXT_STEP},
            )

    def reset(self) -> NDArray[np.float32]:
        """Start an episode in every copy and return the first observations, (num_envs, observation_dim)."""
        with warnings.catch_warnings(action="ignore"):  # of bounds that EnvPool rounds to float32
            observations, _ = self._envs.reset(seed=self._seed)
        return np.asarray(observations, np.float32)

    def step(self, actions: NDArray) -> Step:
        """Execute `actions`, (num_envs, action_dim) or (num_envs,)."""
        observations, rewards, terminated, truncated, _ = self._envs.step(self.environment.actions.executable(actions))
        return Step(
            np.asarray(observations, np.float32),
            np.asarray(rewards, np.float32),
            np.asarray(terminated, np.bool_),
            np.asarray(truncated, np.bool_),
        )
