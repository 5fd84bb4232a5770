"""Demonstrations: state-action pairs of an expert's first few trajectories, as tensors."""

import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
import torch
from numpy.typing import NDArray
from torch import Tensor

from gailpipe.demonstrations.columns import conform
from gailpipe.demonstrations.rows import rows_of
from gailpipe.demonstrations.table import NEEDED
from gailpipe.demonstrations.trajectories import summary, trajectories_of
from gailpipe.envs.spaces import Interface
from gailpipe.foundation.errors import UserError
from gailpipe.foundation.tables import read_table
from gailpipe.training.transitions import Transitions


@dataclass(frozen=True)
class Demonstrations:
    observations: Tensor  # (num_pairs, observation_dim), in single or double precision
    actions: Tensor  # (num_pairs, action_dim) float32, or (num_pairs,) or (num_pairs, num_integers) int64, from 0

    next_observations: Tensor | None = None  # (num_pairs, observation_dim), NaN where they are not known
    terminated: Tensor | None = None  # (num_pairs,), bool: false where it is not known

    def __len__(self) -> int:
        return len(self.observations)

    @property
    def followed(self) -> Tensor:
        """Tell of each pair, (num_pairs,), whether it is known what was observed next."""
        if self.next_observations is None:
            return torch.zeros(len(self), dtype=torch.bool)
        return ~self.next_observations.isnan().any(-1)

    def transitions(self, *, followed: bool) -> Transitions:
        """Return the pairs as transitions, whose rewards are NaN.

        Args:
            followed: Whether only those are wanted of which it is known what was observed next; else that is NaN where
                it is not known.
        """
        unknown = torch.full((len(self),), torch.nan)
        following = torch.full_like(self.observations, torch.nan)
        terminated = torch.zeros(len(self), dtype=torch.bool) if self.terminated is None else self.terminated
        if self.next_observations is not None:
            following = self.next_observations
        transitions = Transitions(self.observations, self.actions, following, unknown, terminated)
        return transitions[self.followed] if followed else transitions


def load_demonstrations(path: Path, environment: Interface, trajs: int) -> Demonstrations:
    """Read the first `trajs` trajectories of a file with columns trajectory, observation and action.

    Raises:
        UserError: The file is missing, damaged, of another environment, or has fewer trajectories.
    """
    table = load_table(path, environment)
    kept = table["trajectory"].unique(maintain_order=True).head(trajs)
    if len(kept) < trajs:
        advice = "ask for fewer trajs, or for more of them from where they come"
        raise UserError(f"{path}: holds {len(kept)} trajectories, but {trajs} are asked for; {advice}")
    table = table.filter(pl.col("trajectory").is_in(kept.implode()))
    executed = table["action"].to_numpy().reshape(-1, *environment.actions.shape)
    actions = environment.actions.from_executed(executed)
    return Demonstrations(
        torch.tensor(table["observation"].to_numpy()),
        torch.tensor(actions),
        torch.tensor(_following(table)),
        torch.tensor(table["terminated"].fill_null(False).to_numpy()),
    )


def _following(table: pl.DataFrame) -> NDArray:
    """Return what was observed after each pair, (num_pairs, observation_dim): NaN where nothing tells.

    Where a pair has no next_observation, that is the observation of the trajectory's next step, if that is there.
    """
    observations, given = table["observation"].to_numpy(), table["next_observation"]
    following = np.full_like(observations, np.nan)
    steps, ids = table["step"].fill_null(-1).to_numpy(), table["trajectory"].to_numpy()
    adjacent = np.flatnonzero((ids[1:] == ids[:-1]) & (steps[1:] == steps[:-1] + 1) & (steps[:-1] >= 0))
    following[adjacent] = observations[adjacent + 1]
    known = given.is_not_null().to_numpy()
    if known.any():
        following[known] = given.drop_nulls().to_numpy()
    return following


def load_table(path: Path, environment: Interface) -> pl.DataFrame:
    """Read the table of an environment's demonstrations, with all columns that are known of it.

    Raises:
        UserError: The file is missing, damaged or of another environment, or its rows are no trajectories.
    """
    table = conform(path, read_demonstrations(path), environment, clip=False)
    rows_of(path, table)
    return table


def read_demonstrations(path: str | Path) -> pl.DataFrame:
    """Read a table of demonstrations, a row for each state-action pair.

    >>> table = read_demonstrations("data/demonstrations/Pendulum-v1.parquet")
    >>> table["action"].to_numpy().shape[1]
    1

    Args:
        path: A Parquet file of the pipeline's, or one like it: with columns trajectory, observation and action, and
            perhaps step, next_observation, reward, terminated, truncated, trajectory_return, trajectory_length and
            trajectory_terminated.

    Raises:
        UserError: The file is missing or damaged, or lacks a column.
    """
    return read_table(Path(path), NEEDED)


def introduce(algorithm: str, path: Path, environment: Interface, trajs: int) -> pl.DataFrame:
    """Check that demonstrations can be loaded, and say on stderr what is learned from.

    Returns:
        A row for each trajectory of the file (`trajectories_of`).

    Raises:
        UserError: As `load_demonstrations`.
    """
    load_demonstrations(path, environment, trajs)
    trajectories = trajectories_of(load_table(path, environment))
    learned = summary(trajectories.head(trajs))
    print(f"{algorithm} {environment.name}: learns from {learned}", file=sys.stderr, flush=True)
    return trajectories
