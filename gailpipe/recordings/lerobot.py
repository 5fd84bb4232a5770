"""LeRobot's datasets, of version 2 and 3: a folder with meta/info.json, and Parquet files of frames."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from gailpipe.envs.environment import Environment
from gailpipe.foundation.errors import UserError
from gailpipe.recordings.arrays import require_columns, tabulate_pairs

STATE = "observation.state"
NUMBERS = ("float32", "float64", "int8", "int16", "int32", "int64", "uint8", "bool")
HINT = "LeRobot's frames have observation.state, action, episode_index and frame_index"


def is_lerobot(path: Path) -> bool:
    return (path / "meta" / "info.json").is_file()


def read(path: Path, environment: Environment) -> pl.DataFrame:
    """Read the frames of a dataset: a trajectory is an episode, and no video is opened.

    `next.done` says that an episode ended, but not whether it terminated, so that both flags are null there.

    Raises:
        UserError: It has no file or column that it must have, or videos alone.
    """
    features = json.loads((path / "meta" / "info.json").read_text())["features"]
    files = sorted(path.glob("data/chunk-*/*.parquet"))
    if not files:
        raise UserError(f"{path}: has no data/chunk-*/*.parquet; fetch the dataset with its data")
    states = _states(path, features, environment)
    needed = [*states, "action", "episode_index", "frame_index"]
    optional = ("next.reward", "next.done")
    tables = []
    for file in files:
        table = pl.read_parquet(file)
        require_columns(file, table.columns, needed, HINT)
        tables.append(table.select(name for name in (*needed, *optional) if name in table.columns))
    table = pl.concat(tables, how="vertical_relaxed")
    for name in ("episode_index", "frame_index"):
        if table[name].null_count() or not table[name].dtype.is_integer():
            raise UserError(f"{path}: {name}: must be an integer in each row")
    done = _vectors(path, table["next.done"])[:, 0].astype(bool) if "next.done" in table.columns else None
    numbers = {episode: number for number, episode in enumerate(table["episode_index"].unique(maintain_order=True))}
    pairs = tabulate_pairs(
        table["episode_index"].replace_strict(numbers).to_numpy(),
        table["frame_index"].to_numpy(),
        np.concatenate([_vectors(path, table[name]) for name in states], axis=1),
        _vectors(path, table["action"]),
        reward=_vectors(path, table["next.reward"])[:, 0] if "next.reward" in table.columns else None,
    )
    if done is None:
        return pairs
    going_on = pl.when(pl.Series(~done)).then(pl.lit(False))
    return pairs.with_columns(terminated=going_on, truncated=going_on)


def _states(path: Path, features: dict[str, Any], environment: Environment) -> list[str]:
    """Return the features that are an observation: the state alone if it has the size, else all that are flat."""
    flat = [name for name, one in features.items() if name.startswith("observation.") and one["dtype"] in NUMBERS]
    if not flat:
        shown = ", ".join(name for name in features if name.startswith("observation")) or "none"
        raise UserError(f"{path}: has no observation of numbers, such as {STATE}, but {shown}; videos can't be read")
    if STATE in flat and int(np.prod(features[STATE]["shape"])) == environment.observation_dim:
        return [STATE]
    return flat


def _vectors(path: Path, column: pl.Series) -> NDArray:
    """Return a column of numbers, or of lists of them, as (num_rows, size).

    Raises:
        UserError: It holds a null, or lists of different lengths.
    """
    values = column.to_numpy()
    if column.null_count() or (values.dtype == object and len({np.shape(one) for one in values}) != 1):
        raise UserError(f"{path}: {column.name}: must be vectors of one length, without a null")
    if values.dtype == object:
        values = np.stack(values.tolist())
    return values.reshape(len(values), -1)
