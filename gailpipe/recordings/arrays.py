"""What readers share: arrays of trajectories become rows of pairs."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import polars as pl
from gymnasium.spaces import Dict, Discrete, MultiDiscrete, Tuple
from numpy.typing import NDArray

from gailpipe.envs.environment import Environment
from gailpipe.foundation.errors import UserError


@dataclass(frozen=True)
class Trajectory:
    """What was recorded of one episode."""

    observations: NDArray  # (length + 1, observation_dim)
    actions: NDArray  # (length, ...)
    rewards: NDArray | None  # (length,)
    terminated: NDArray  # (length,)
    truncated: NDArray  # (length,)


def tabulate_trajectories(path: Path, trajectories: Sequence[Trajectory]) -> pl.DataFrame:
    """Return a row for each pair of `trajectories`, which are numbered from 0.

    Raises:
        UserError: A trajectory's arrays don't fit each other, or those of the other trajectories.
    """
    if not trajectories:
        raise UserError(f"{path}: holds no trajectory")
    for number, trajectory in enumerate(trajectories):
        _require_fit(path, number, trajectory, trajectories[0])
    lengths = np.array([len(trajectory.actions) for trajectory in trajectories])
    rewards = [trajectory.rewards for trajectory in trajectories if trajectory.rewards is not None]
    return tabulate_pairs(
        np.repeat(np.arange(len(lengths)), lengths),
        np.concatenate([np.arange(length) for length in lengths]),
        observation=np.concatenate([trajectory.observations[:-1] for trajectory in trajectories]),
        action=np.concatenate([trajectory.actions for trajectory in trajectories]),
        next_observation=np.concatenate([trajectory.observations[1:] for trajectory in trajectories]),
        reward=np.concatenate(rewards) if len(rewards) == len(trajectories) else None,
        terminated=np.concatenate([trajectory.terminated for trajectory in trajectories]),
        truncated=np.concatenate([trajectory.truncated for trajectory in trajectories]),
    )


def tabulate_pairs(
    trajectory: NDArray, step: NDArray, observation: NDArray, action: NDArray, **known: NDArray | None
) -> pl.DataFrame:
    """Return the table of pairs, in which every column is (num_pairs, ...); None stands for what is not known."""
    columns = {"trajectory": trajectory, "step": step, "observation": observation, "action": action}
    columns |= {name: values for name, values in known.items() if values is not None}
    flat = {name: values.reshape(len(values), -1) if values.ndim > 1 else values for name, values in columns.items()}
    return pl.DataFrame(flat)


def flatten_observations(path: Path, environment: Environment, values: Any) -> NDArray:
    """Return observations, (batch, observation_dim), as `gymnasium.spaces.flatten` would make vectors of each.

    Args:
        path: The recording, for what is said of it.
        environment: Whose observations they are.
        values: Arrays (batch, ...), in a dict or a tuple where the space is one; or flat already.

    Raises:
        UserError: They are not of the environment's space.
    """
    flat = not isinstance(values, dict | tuple) and np.shape(values)[1:] == (environment.observation_dim,)
    return np.asarray(values) if flat else _flatten(path, environment.observation_space, values)


def _flatten(path: Path, space: gymnasium.Space, values: Any) -> NDArray:
    match space:
        case Dict():
            if not isinstance(values, dict) or set(space.spaces) - set(values):
                raise UserError(f"{path}: observations: must have the parts {', '.join(space.spaces)}")
            parts = [(one, values[key]) for key, one in space.spaces.items()]
        case Tuple():
            if not isinstance(values, tuple) or len(values) != len(space.spaces):
                raise UserError(f"{path}: observations: must have {len(space.spaces)} parts, as a tuple")
            parts = list(zip(space.spaces, values, strict=True))
        case Discrete():
            return _one_hot(path, values, np.array([space.n]), np.array([space.start]))
        case MultiDiscrete():
            return _one_hot(path, values, space.nvec.reshape(-1), space.start.reshape(-1))
        case _:
            if isinstance(values, dict | tuple):
                raise UserError(f"{path}: observations: must be arrays, as of {space}, and no {type(values).__name__}")
            values = np.asarray(values)
            return values.reshape(len(values), -1)
    return np.concatenate([_flatten(path, *part) for part in parts], axis=1)


def _one_hot(path: Path, values: Any, counts: NDArray, start: NDArray) -> NDArray:
    """Return (batch, counts.sum()) zeros and ones for integers (batch, len(counts)), each of which has a 1 of its own.

    Raises:
        UserError: There are others than from `start`, `counts` of them.
    """
    values = np.asarray(values)
    values = values.reshape(len(values), -1)
    whole = values.astype(np.int64)
    if values.shape[1] != len(counts) or (whole != values).any() or ((whole < start) | (whole >= start + counts)).any():
        wanted = " or ".join(dict.fromkeys(f"{low} to {low + n - 1}" for low, n in zip(start, counts, strict=True)))
        raise UserError(f"{path}: observations: must be {len(counts)} integers each, from {wanted}")
    flat = np.zeros((len(values), counts.sum()), np.float32)
    places = np.concatenate([[0], counts.cumsum()[:-1]]) + whole - start  # (batch, len(counts))
    np.put_along_axis(flat, places, 1.0, axis=1)
    return flat


def require_columns(path: Path, found: Collection[str], needed: Collection[str], hint: str) -> None:
    """Check that all `needed` names were found.

    Raises:
        UserError: Names those that were not, and those that are there.
    """
    missing = [name for name in needed if name not in found]
    if missing:
        there = ", ".join(sorted(found)[:12]) or "nothing"
        raise UserError(f"{path}: has no {', '.join(missing)}, but {there}; {hint}")


def _require_fit(path: Path, number: int, trajectory: Trajectory, first: Trajectory) -> None:
    """Check that a trajectory has one more observation than actions, and a reward and two flags for each action."""
    length = len(trajectory.actions)
    if not length:
        raise UserError(f"{path}: trajectory {number}: has no action")
    if len(trajectory.observations) != length + 1:
        count = len(trajectory.observations)
        raise UserError(
            f"{path}: trajectory {number}: has {length} actions, so it must have {length + 1} observations, "
            f"but has {count}"
        )
    for name in ("rewards", "terminated", "truncated"):
        values = getattr(trajectory, name)
        if values is not None and np.shape(values) != (length,):
            raise UserError(f"{path}: trajectory {number}: {name}: must be {length}, one for each action")
    for name in ("observations", "actions"):
        shape, wanted = getattr(trajectory, name).shape[1:], getattr(first, name).shape[1:]
        if shape != wanted:
            raise UserError(
                f"{path}: trajectory {number}: {name}: have the shape {shape}, but in trajectory 0 {wanted}"
            )
