"""Minari's datasets, from 0.5 on: a folder, or the name of one that Minari keeps."""

import json
import sys
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import polars as pl
from gymnasium.spaces import Box, Dict, Discrete, MultiBinary, MultiDiscrete, Tuple

from gailpipe.envs.environment import Environment
from gailpipe.envs.spaces import Actions, ContinuousActions
from gailpipe.foundation.errors import UserError
from gailpipe.recordings.arrays import Trajectory, flatten_observations, tabulate_trajectories


def is_minari(path: Path) -> bool:
    return any((folder / "metadata.json").is_file() for folder in (path, path / "data"))


def find_dataset(name: str) -> Path:
    """Return the folder of a dataset that Minari keeps.

    Raises:
        UserError: There is none.
    """
    from minari.storage import get_dataset_path

    path = get_dataset_path(name)
    if not is_minari(path):
        raise UserError(
            f"{name}: there is no such file or folder, and Minari has no such dataset; `minari download {name}` "
            "fetches a published one"
        )
    return path


def read(path: Path, environment: Environment) -> pl.DataFrame:
    """Read the folder of a dataset, or the folder `data` in it.

    Raises:
        UserError: It is damaged, or its spaces are not the environment's.
    """
    data = path if (path / "metadata.json").is_file() else path / "data"
    if {"observation_space", "action_space"} - set(json.loads((data / "metadata.json").read_text())):
        # Minari would make the environment that the file names, and so run code of the file's choice.
        raise UserError(f"{path}: its metadata.json has no spaces; save it again with Minari 0.5 or later")
    from minari import MinariDataset

    dataset = MinariDataset(data)
    _require_same_spaces(path, environment, dataset)
    trajectories = [
        Trajectory(
            flatten_observations(path, environment, episode.observations),
            np.asarray(episode.actions),
            np.asarray(episode.rewards),
            np.asarray(episode.terminations),
            np.asarray(episode.truncations),
        )
        for episode in dataset.iterate_episodes()
    ]
    return tabulate_trajectories(path, trajectories)


def _require_same_spaces(path: Path, environment: Environment, dataset: Any) -> None:
    if not _same(dataset.observation_space, environment.observation_space):
        raise UserError(
            f"{path}: has the observation space {dataset.observation_space}, but {environment.name} has "
            f"{environment.observation_space}"
        )
    space, actions = dataset.action_space, environment.actions
    if not _same_actions(space, actions):
        raise UserError(f"{path}: has the action space {space}, but {environment.name} has {_shown(actions)}")
    if isinstance(actions, ContinuousActions):
        low, high = (bounds.astype(np.float64).reshape(-1) for bounds in (space.low, space.high))
        if not (np.allclose(low, actions.low) and np.allclose(high, actions.high)):
            print(
                f"{path}: its actions are {space}, those of {environment.name} {_shown(actions)}: are the units the "
                "same?",
                file=sys.stderr,
                flush=True,
            )


def _same(space: gymnasium.Space, wanted: gymnasium.Space) -> bool:
    """Tell whether observations of `space` have the same parts and shapes as `wanted`, whatever their bounds."""
    match space, wanted:
        case Dict(), Dict():
            return {*space.spaces} == {*wanted.spaces} and all(
                _same(one, wanted.spaces[key]) for key, one in space.spaces.items()
            )
        case Tuple(), Tuple():
            pairs = zip(space.spaces, wanted.spaces, strict=False)
            return len(space.spaces) == len(wanted.spaces) and all(_same(one, other) for one, other in pairs)
        case (Box(), Box()) | (MultiBinary(), MultiBinary()):
            return space.shape == wanted.shape
        case (Discrete(), Discrete()) | (MultiDiscrete(), MultiDiscrete()):
            return space == wanted
        case Box(), _:  # flat already
            return space.shape == (gymnasium.spaces.flatdim(wanted),)
    return False


def _same_actions(space: gymnasium.Space, actions: Actions) -> bool:
    if isinstance(actions, ContinuousActions):
        return isinstance(space, Box) and space.shape == actions.shape
    match space:
        case Discrete():
            return (int(space.n),) == actions.counts and (int(space.start),) == actions.start and not actions.shape
        case MultiDiscrete():
            same = (*space.nvec.reshape(-1),) == actions.counts and (*space.start.reshape(-1),) == actions.start
            return same and space.shape == actions.shape
        case MultiBinary():
            return space.shape == actions.shape and {*actions.counts} == {2}
    return False


def _shown(actions: Actions) -> str:
    if isinstance(actions, ContinuousActions):
        return f"Box({actions.low.min():g}, {actions.high.max():g}, {actions.shape})"
    return f"{actions.shape or 'one'} of {', '.join(map(str, actions.counts))} integers from {actions.start[0]}"
