"""Gymnasium's spaces: which of them can be made vectors of, and what actions of each kind are."""

import gymnasium
import numpy as np
from gymnasium.spaces import Box, Dict, Discrete, MultiBinary, MultiDiscrete, Tuple

from gailpipe.envs.spaces import NO_BOUND, Actions, ContinuousActions, DiscreteActions
from gailpipe.foundation.errors import UserError

FLATTENED = (Box, Discrete, MultiBinary, MultiDiscrete)


def require_flattenable(name: str, space: gymnasium.Space) -> None:
    """Check that a space is of numbers that can be made a vector of, and of no pictures."""
    if isinstance(space, Dict | Tuple):
        for one in space.spaces.values() if isinstance(space, Dict) else space.spaces:
            require_flattenable(name, one)
    elif isinstance(space, Box) and space.dtype == np.uint8 and len(space.shape) > 1:
        raise UserError(
            f"environment {name}: observations are pictures, {space}; register it with a wrapper that makes vectors of "
            "features of them"
        )
    elif not isinstance(space, FLATTENED):
        raise UserError(
            f"environment {name}: observations have a {type(space).__name__} space, but only Box, Discrete, "
            "MultiBinary and MultiDiscrete ones, and Dicts and Tuples of them, can be made vectors of; use a wrapper"
        )


def actions_of_space(name: str, space: gymnasium.Space) -> Actions:
    match space:
        case Box() if np.issubdtype(space.dtype, np.floating) and np.prod(space.shape) and space.shape:
            low, high = (bounds.astype(np.float64).reshape(-1) for bounds in (space.low, space.high))
            low, high = np.where(low < -NO_BOUND, -np.inf, low), np.where(high > NO_BOUND, np.inf, high)
            return ContinuousActions(low, high, space.shape, np.dtype(space.dtype))
        case Discrete():
            return DiscreteActions((int(space.n),), (int(space.start),), (), np.dtype(space.dtype))
        case MultiDiscrete():
            counts, start = (tuple(map(int, one.reshape(-1))) for one in (space.nvec, space.start))
            return DiscreteActions(counts, start, space.shape, np.dtype(space.dtype))
        case MultiBinary():
            size = int(np.prod(space.shape))
            return DiscreteActions((2,) * size, (0,) * size, space.shape, np.dtype(space.dtype))
    raise UserError(
        f"environment {name}: actions are {space}, but only a Box of floats with one dimension or more, Discrete, "
        "MultiDiscrete and MultiBinary are supported; register it with a wrapper"
    )
