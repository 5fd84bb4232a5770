"""Many copies of an environment stepped together: by EnvPool where it has the environment, else by Gymnasium."""

import time
import warnings
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from gymnasium.spaces import Box, flatdim
from gymnasium.vector import AsyncVectorEnv, AutoresetMode, SyncVectorEnv
from numpy.typing import NDArray

from gailpipe.envs.agreement import plain_id, vectors_of
from gailpipe.envs.environment import Environment, make_env
from gailpipe.envs.families import envpool
from gailpipe.envs.spaces import ContinuousActions
from gailpipe.foundation.errors import UserError

ASYNC_SECONDS = 2e-4  # that a step in another process costs beside the step itself
TIMED_STEPS = 20


class Step(NamedTuple):
    """What one step of all copies returned, in arrays that no later step writes into; each is (num_envs, ...)."""

    observations: NDArray  # (num_envs, observation_dim), of the environment's observation_dtype
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
        if environment.by_envpool:
            self._envs = envpool.make_gymnasium(
                plain_id(environment.id),
                num_envs=num_envs,
                seed=seed,
                num_threads=num_threads,
                max_episode_steps=environment.max_episode_steps,
            )
            with warnings.catch_warnings(action="ignore"):  # of bounds that EnvPool rounds to float32
                _require_same_spaces(environment, self._envs)
        else:
            self._seed = seed
            kind = AsyncVectorEnv if _is_faster_apart(environment, num_threads) else SyncVectorEnv
            make = partial(make_env, environment)
            self._envs = kind([make] * num_envs, autoreset_mode=AutoresetMode.NEXT_STEP)

    def reset(self) -> NDArray:
        """Start an episode in every copy and return the first observations, (num_envs, observation_dim)."""
        with warnings.catch_warnings(action="ignore"):  # of the same bounds
            observations, _ = self._envs.reset(seed=self._seed)
        return np.array(self._flat(observations), self.environment.observation_dtype)

    def step(self, actions: NDArray) -> Step:
        """Execute `actions`, (num_envs, action_dim) or (num_envs,)."""
        observations, rewards, terminated, truncated, _ = self._envs.step(self.environment.actions.executable(actions))
        return Step(
            np.asarray(self._flat(observations), self.environment.observation_dtype),
            np.asarray(rewards, np.float32),
            np.asarray(terminated, np.bool_),
            np.asarray(truncated, np.bool_),
        )

    def close(self) -> None:
        self._envs.close()

    def _flat(self, observations: Any) -> NDArray:
        return (
            vectors_of(self.environment.observation_space, observations)
            if self.environment.by_envpool
            else observations
        )


def _require_same_spaces(environment: Environment, envs: Any) -> None:
    """Check that EnvPool observes and acts as Gymnasium does.

    Raises:
        UserError: It does not.
    """
    actions, space = environment.actions, envs.single_action_space
    same = flatdim(envs.single_observation_space) == flatdim(environment.observation_space)
    if isinstance(actions, ContinuousActions):
        bounds = np.float32(actions.low), np.float32(actions.high)
        found_bounds = (np.float32(space.low), np.float32(space.high)) if isinstance(space, Box) else ()
        same &= all(map(np.array_equal, bounds, found_bounds)) and len(found_bounds) == 2
    else:
        same &= getattr(space, "n", None) == actions.counts[0]
    if not same:
        found = f"{envs.single_observation_space} and {space}"
        raise UserError(
            f"{environment.name}: EnvPool has other spaces, {found}; install the versions of requirements.txt"
        )


def _is_faster_apart(environment: Environment, num_threads: int) -> bool:
    """Tell whether copies in processes of their own step faster, by the time of a few steps of one copy."""
    if num_threads == 1:
        return False
    env = make_env(environment)
    env.reset(seed=0)
    actions = environment.actions.draw(TIMED_STEPS, np.random.default_rng(0))
    times = []
    for action in actions:
        started = time.perf_counter()
        _, _, terminated, truncated, _ = env.step(action)
        times.append(time.perf_counter() - started)
        if terminated or truncated:
            env.reset()
    env.close()
    seconds = min(times)  # whatever else the machine does
    return seconds > seconds / num_threads + ASYNC_SECONDS
