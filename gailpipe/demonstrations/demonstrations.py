"""Demonstrations: state-action pairs of an expert's first few trajectories, as tensors."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
import torch
from torch import Tensor

from gailpipe.envs.environment import ContinuousActions, DiscreteActions, Environment
from gailpipe.foundation.errors import UserError
from gailpipe.foundation.tables import read_table


@dataclass(frozen=True)
class Demonstrations:
    observations: Tensor  # (num_pairs, observation_dim)
    actions: Tensor  # (num_pairs, action_dim) float32, or (num_pairs,) int64

    def __len__(self) -> int:
        return len(self.observations)


def load_demonstrations(path: Path, environment: Environment, trajs: int) -> Demonstrations:
    """Read the first `trajs` trajectories of a file with columns trajectory, observation and action.

    Raises:
        UserError: The file is missing, damaged, of another environment, or has fewer trajectories.
    """
    table = read_table(path, ["trajectory", "observation", "action"])
    _require_no_null(path, table["trajectory"])
    kept = table["trajectory"].unique(maintain_order=True).head(trajs)
    if len(kept) < trajs:
        raise UserError(
            f"{path}: holds {len(kept)} trajectories, but {trajs} are asked for; ask for fewer, or raise sample.trajs"
        )
    table = table.filter(pl.col("trajectory").is_in(kept.implode()))
    observations = _column(path, table, "observation", (environment.observation_dim,), environment)
    match environment.actions:
        case ContinuousActions(low=low):
            actions = _column(path, table, "action", low.shape, environment)
        case DiscreteActions(count=count):
            actions = _column(path, table, "action", (), environment).long()
            if not ((actions >= 0) & (actions < count)).all():
                raise UserError(f"{path}: action: must be an integer from 0 to {count - 1} for {environment.name}")
    return Demonstrations(observations, actions)


def _column(path: Path, table: pl.DataFrame, name: str, shape: tuple[int, ...], environment: Environment) -> Tensor:
    _require_no_null(path, table[name])
    values = table[name].to_numpy()
    if values.dtype == object and shape and all(len(vector) == shape[0] for vector in values):
        values = np.array(values.tolist())  # from a column of lists
    if values.shape[1:] != shape or not np.issubdtype(values.dtype, np.number if shape else np.integer):
        wanted = f"vectors of {shape[0]} numbers" if shape else "integers"
        raise UserError(
            f"{path}: {name}: must be {wanted} for {environment.name}; are these demonstrations of another environment?"
        )
    tensor = torch.tensor(values, dtype=torch.float32)
    if not tensor.isfinite().all():
        raise UserError(f"{path}: {name}: holds a NaN, or a number too large for single precision")
    return tensor


def _require_no_null(path: Path, column: pl.Series) -> None:
    if column.null_count():
        raise UserError(f"{path}: {column.name}: holds a null")
