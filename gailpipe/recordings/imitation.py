"""Trajectories that `imitation.data.serialize.save` wrote, from 1.0 on: a folder of Hugging Face's `datasets`."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from gailpipe.envs.environment import Environment
from gailpipe.foundation.errors import UserError
from gailpipe.recordings.arrays import (
    Trajectory,
    flatten_observations,
    require_columns,
    tabulate_trajectories,
)

COLUMNS = ("obs", "acts", "terminal", "rews")
HINT = "a folder that `imitation.data.serialize.save` wrote has obs, acts and terminal"


def is_imitation(path: Path) -> bool:
    return (path / "state.json").is_file() or (path / "dataset_dict.json").is_file()


def read(path: Path, environment: Environment) -> pl.DataFrame:
    """Read a folder with state.json and Arrow files, in which each row is a trajectory.

    A trajectory that is `terminal` was played to its end, be that the time limit or not; any other was cut off. The
    `infos`, which may hold pickled objects, are not opened.

    Raises:
        UserError: It lacks a column, or its trajectories don't fit the environment.
    """
    if not (path / "state.json").is_file():
        splits = json.loads((path / "dataset_dict.json").read_text()).get("splits", [])
        raise UserError(f"{path}: holds several datasets; name one, such as {path / str((splits or ['train'])[0])}")
    names = [Path(entry["filename"]).name for entry in json.loads((path / "state.json").read_text())["_data_files"]]
    parts = [pl.read_ipc_stream(path / name) for name in names]
    table = pl.concat([part.select(name for name in COLUMNS if name in part.columns) for part in parts])
    require_columns(path, table.columns, COLUMNS[:3], HINT)
    pairs = tabulate_trajectories(path, [_trajectory(path, environment, row) for row in table.iter_rows(named=True)])
    lengths, terminal = table["acts"].list.len().to_numpy(), table["terminal"].to_numpy()
    ends = np.zeros(pairs.height, bool)
    ends[lengths.cumsum()[terminal] - 1] = True
    known = pl.when(pl.Series(~ends))
    return pairs.with_columns(known.then("terminated").alias("terminated"), known.then("truncated").alias("truncated"))


def _trajectory(path: Path, environment: Environment, row: dict[str, Any]) -> Trajectory:
    actions = _array(row["acts"])
    last = np.arange(len(actions)) == len(actions) - 1
    if not isinstance(row["terminal"], bool):
        raise UserError(f"{path}: terminal: must be true or false, but is {row['terminal']}")
    return Trajectory(
        flatten_observations(path, environment, _array(row["obs"])),
        actions,
        _array(row["rews"]) if row.get("rews") is not None else None,
        np.zeros(len(actions), bool),
        last & (not row["terminal"]),
    )


def _array(values: Any) -> NDArray:
    array = np.array(values)
    return array.astype(np.float64) if array.dtype == object else array  # a null becomes a NaN, which is refused later
