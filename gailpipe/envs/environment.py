"""What an environment looks like from outside: its observations, its actions, its time limit."""

import difflib
from dataclasses import dataclass

import gymnasium
import numpy as np
from gymnasium.spaces import Box, Discrete
from numpy.typing import NDArray

from gailpipe.foundation.errors import UserError


@dataclass(frozen=True)
class ContinuousActions:
    """Real vectors between `low` and `high`, each (action_dim,)."""

    low: NDArray[np.float32]
    high: NDArray[np.float32]
    dtype: np.dtype

    def executable(self, actions: NDArray) -> NDArray:
        """Return what the environment executes of `actions` (..., action_dim): they are clipped to the bounds."""
        return actions.clip(self.low, self.high).astype(self.dtype)

    def draw(self, batch: int, generator: np.random.Generator) -> NDArray:
        """Draw (batch, action_dim) uniformly between the bounds; normally where there are none."""
        bounded = np.isfinite(self.high - self.low)
        low, high = np.where(bounded, self.low, 0.0), np.where(bounded, self.high, 1.0)
        shape = (batch, *self.low.shape)
        return self.executable(np.where(bounded, generator.uniform(low, high, shape), generator.normal(size=shape)))


@dataclass(frozen=True)
class DiscreteActions:
    """The integers 0 … count − 1."""

    count: int
    dtype: np.dtype

    def executable(self, actions: NDArray) -> NDArray:
        """Return `actions` (...) as the environment's integers."""
        return actions.astype(self.dtype)

    def draw(self, batch: int, generator: np.random.Generator) -> NDArray:
        """Draw (batch,) uniformly."""
        return self.executable(generator.integers(self.count, size=batch))


@dataclass(frozen=True)
class Environment:
    name: str
    observation_dim: int
    actions: ContinuousActions | DiscreteActions
    max_episode_steps: int


def find_environment(name: str) -> Environment:
    """Look an environment up in Gymnasium.

    Raises:
        UserError: There is no such environment, or it is not of a supported kind.
    """
    if name not in gymnasium.registry:
        near = difflib.get_close_matches(name, gymnasium.registry, n=3)
        hint = f"; did you mean {' or '.join(near)}?" if near else ", see gymnasium.pprint_registry()"
        raise UserError(f"environment {name}: Gymnasium has none of that name{hint}")
    spec = gymnasium.spec(name)
    if spec.max_episode_steps is None:
        raise UserError(f"environment {name}: has no time limit; register it in Gymnasium with max_episode_steps")
    try:
        env = gymnasium.make(name)
    except Exception as error:
        raise UserError(f"environment {name}: Gymnasium can't make it: {error}") from error
    with_spaces = Environment(
        name,
        _observation_dim(name, env.observation_space),
        _actions(name, env.action_space),
        spec.max_episode_steps,
    )
    env.close()
    return with_spaces


def _observation_dim(name: str, space: gymnasium.Space) -> int:
    if isinstance(space, Box) and len(space.shape) == 1:
        return space.shape[0]
    raise UserError(f"environment {name}: observations are {space}, but only flat Box observations are supported")


def _actions(name: str, space: gymnasium.Space) -> ContinuousActions | DiscreteActions:
    if isinstance(space, Box) and len(space.shape) == 1 and np.issubdtype(space.dtype, np.floating):
        return ContinuousActions(space.low.astype(np.float32), space.high.astype(np.float32), space.dtype)
    if isinstance(space, Discrete) and space.start == 0:
        return DiscreteActions(int(space.n), space.dtype)
    raise UserError(
        f"environment {name}: actions are {space}, but only flat Box and Discrete actions (from 0) are supported"
    )
