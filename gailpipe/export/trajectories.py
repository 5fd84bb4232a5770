"""Whole trajectories of demonstrations, of which the table may have but some steps."""

from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from gailpipe.demonstrations.demonstrations import load_demonstrations
from gailpipe.demonstrations.sampling import play_expert
from gailpipe.demonstrations.table import KNOWN, NEEDED
from gailpipe.envs.environment import Environment
from gailpipe.envs.episodes import Episode
from gailpipe.foundation.errors import UserError
from gailpipe.foundation.tables import read_table

CLOSE = 1e-5  # as shares of numbers, in single precision


def load_trajectories(environment: Environment, demonstrations: Path, expert: Path, seed: int) -> list[Episode]:
    """Return the whole trajectories that demonstrations are pairs of.

    Where the table lacks steps, the expert plays its episodes again, and every pair of the table must be in them.

    Args:
        environment: Whose demonstrations they are.
        demonstrations: The table.
        expert: The policy that they were sampled from, a safetensors file that need not exist.
        seed: What all generators are derived from.

    Raises:
        UserError: The table is missing or damaged, or says too little of its trajectories, and no expert plays them.
    """
    table = read_table(demonstrations, (*NEEDED, *KNOWN, "next_observation"))
    load_demonstrations(demonstrations, environment, 1)  # checks it
    trajectories = table.partition_by("trajectory", maintain_order=True)
    if all(_is_whole(trajectory) for trajectory in trajectories):
        return [_episode(demonstrations, trajectory) for trajectory in trajectories]
    if not expert.is_file():
        raise UserError(
            f"{demonstrations}: lacks steps of its trajectories, so that they can't be exported; there is no expert "
            f"{expert} to play them again"
        )
    episodes = play_expert(environment, expert, len(trajectories), seed)
    if not all(_is_part(part, episode) for part, episode in zip(trajectories, episodes, strict=True)):
        raise UserError(
            f"{demonstrations}: the expert {expert} plays other episodes with this seed or on this machine; run "
            f"`dvc repro --force --single-item sample@{environment.name}` first"
        )
    return episodes


def _is_whole(trajectory: pl.DataFrame) -> bool:
    """Tell whether a trajectory's table has all its steps, as far as is known."""
    steps, length = trajectory["step"], trajectory["trajectory_length"][0]
    return steps.null_count() == 0 and steps.to_list() == [*range(len(steps))] and length in (None, len(steps))


def _episode(path: Path, trajectory: pl.DataFrame) -> Episode:
    """Return a whole trajectory; if its last step is not known to be an end, it is cut off there."""
    number = trajectory["trajectory"][0]
    if trajectory["reward"].null_count():
        raise UserError(f"{path}: reward: is not known in trajectory {number}, but Minari needs all rewards")
    if trajectory["next_observation"][-1] is None:
        raise UserError(
            f"{path}: next_observation: is not known after the last step of trajectory {number}, but Minari needs it"
        )
    last = trajectory["next_observation"][-1].to_numpy()
    terminated = bool(trajectory["terminated"][-1])
    return Episode(
        np.concatenate([trajectory["observation"].to_numpy(), last[None]]),
        trajectory["action"].to_numpy(),
        trajectory["reward"].to_numpy(),
        terminated,
        bool(trajectory["truncated"][-1]) or not terminated,
    )


def _is_part(trajectory: pl.DataFrame, episode: Episode) -> bool:
    """Tell whether an episode has the pairs of a trajectory's table."""
    if trajectory["step"].null_count() or trajectory["trajectory_length"][0] != episode.length:
        return False
    steps = trajectory["step"].to_numpy()
    pairs = ((trajectory["observation"], episode.observations), (trajectory["action"], episode.actions))
    return all(np.allclose(column.to_numpy(), _rows(values[steps]), rtol=CLOSE, atol=CLOSE) for column, values in pairs)


def _rows(values: NDArray) -> NDArray:
    return values.reshape(len(values), -1) if values.ndim > 1 else values
