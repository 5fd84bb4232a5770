"""Flat arrays of many trajectories after one another, as D4RL has them: in an .npz, or in HDF5."""

import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from gailpipe.envs.environment import Environment
from gailpipe.foundation.errors import UserError
from gailpipe.recordings.arrays import flatten_observations, require_columns, tabulate_pairs

NEEDED = ("observations", "actions", "terminals")
OPTIONAL = ("rewards", "timeouts", "next_observations")
HINT = "the layout is D4RL's: observations, actions, rewards, terminals, timeouts"


def read_npz(path: Path, environment: Environment) -> pl.DataFrame:
    """Read an .npz of numbers. Pickled objects in it are not opened.

    Raises:
        UserError: It lacks an array, or one holds objects, or does not fit the others.
    """
    with zipfile.ZipFile(path) as file:
        names = {name.removesuffix(".npy"): name for name in file.namelist()}
        if {"obs", "acts", "infos"} <= set(names):
            raise UserError(
                f"{path}: holds pickled objects, which aren't safe to open; load it with imitation, and save it with "
                "imitation.data.serialize.save of version 1.0 or later"
            )
        require_columns(path, names, NEEDED, HINT)
        return _tabulate(path, environment, {key: _member(path, file, names[key]) for key in _wanted(names)})


def _member(path: Path, file: zipfile.ZipFile, name: str) -> NDArray:
    with file.open(name) as stream:
        try:
            return np.lib.format.read_array(stream, allow_pickle=False)
        except ValueError as error:
            if "pickle" not in str(error):
                raise
            raise UserError(
                f"{path}: {name}: holds pickled objects, which aren't safe to open; save numbers"
            ) from error


def read_hdf5(path: Path, environment: Environment) -> pl.DataFrame:
    """Read an HDF5 file with the arrays at its root.

    Raises:
        UserError: It lacks an array, or one does not fit the others.
    """
    import h5py

    with h5py.File(path, "r") as file:
        require_columns(path, list(file), NEEDED, HINT)
        for key in _wanted(file):
            if not isinstance(file[key], h5py.Dataset):
                raise UserError(f"{path}: {key}: must be an array; {HINT}")
        return _tabulate(path, environment, {key: file[key][()] for key in _wanted(file)})


def _wanted(names: Mapping[str, object]) -> list[str]:
    return [key for key in (*NEEDED, *OPTIONAL) if key in names]


def _tabulate(path: Path, environment: Environment, arrays: Mapping[str, NDArray]) -> pl.DataFrame:
    """Return the pairs of trajectories that end where `terminals` or `timeouts` are set, and of a last one without end.

    Raises:
        UserError: An array has another length than the actions.
    """
    count = len(arrays["actions"]) if arrays["actions"].ndim else 0
    if not count:
        raise UserError(f"{path}: actions: holds no pair")
    for key, values in arrays.items():
        if values.ndim == 0 or len(values) != count:
            size = len(values) if values.ndim else "no"
            raise UserError(f"{path}: {key}: has {size} rows, but actions have {count}")
    flags = {key: _flags(path, key, arrays[key]) for key in ("terminals", "timeouts") if key in arrays}
    ends = flags["terminals"] | flags.get("timeouts", np.zeros(count, bool))  # (num_pairs,)
    trajectory = np.concatenate([[0], ends[:-1].cumsum()])
    first = np.concatenate([[0], np.flatnonzero(ends[:-1]) + 1])
    following = arrays.get("next_observations")
    return tabulate_pairs(
        trajectory,
        np.arange(count) - first[trajectory],
        flatten_observations(path, environment, arrays["observations"]),
        arrays["actions"],
        next_observation=None if following is None else flatten_observations(path, environment, following),
        reward=_vector(path, "rewards", arrays["rewards"]) if "rewards" in arrays else None,
        terminated=flags["terminals"],
        truncated=flags["timeouts"] & ~flags["terminals"] if "timeouts" in flags else None,
    )


def _flags(path: Path, key: str, values: NDArray) -> NDArray:
    values = _vector(path, key, values)
    if not np.isin(values, (0, 1)).all():
        raise UserError(f"{path}: {key}: must be true or false, or 1 or 0, in each row")
    return values.astype(bool)


def _vector(path: Path, key: str, values: NDArray) -> NDArray:
    if values.size != len(values):
        raise UserError(f"{path}: {key}: must be one number in each row, but has the shape {values.shape}")
    return values.reshape(-1)
