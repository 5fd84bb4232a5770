"""An expert's trajectories as a table: some steps of each, with the whole trajectory's return and length."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from gailpipe.envs.episodes import Episode
from gailpipe.foundation.tables import read_table


def tabulate(episodes: Sequence[Episode], every: int, generator: np.random.Generator) -> pl.DataFrame:
    """Keep every `every`-th step of each episode, from a random start (Ho & Ermon 2016, section 6).

    Returns:
        One row per kept step: trajectory, step, observation, action, reward, terminated, truncated, and the return
        and length of the whole trajectory. `terminated` and `truncated` are those of that very step.
    """
    return pl.concat(_kept_steps(number, episode, every, generator) for number, episode in enumerate(episodes))


def _kept_steps(trajectory: int, episode: Episode, every: int, generator: np.random.Generator) -> pl.DataFrame:
    steps = np.arange(generator.integers(min(every, episode.length)), episode.length, every)
    last = steps == episode.length - 1
    columns = {
        "trajectory": np.full(len(steps), trajectory, np.int32),
        "step": steps.astype(np.int32),
        "observation": episode.observations[steps],
        "action": episode.actions[steps].astype(np.int64 if episode.actions.ndim == 1 else np.float32),
        "reward": episode.rewards[steps],
        "terminated": last & episode.terminated,
        "truncated": last & episode.truncated,
        "trajectory_return": np.full(len(steps), episode.episode_return),
        "trajectory_length": np.full(len(steps), episode.length, np.int32),
    }
    return pl.DataFrame(columns)


def trajectory_returns(path: Path) -> NDArray[np.float64]:
    """Return the returns of the whole trajectories that the file at `path` has steps of, (trajectories,)."""
    table = read_table(path, ["trajectory", "trajectory_return"])
    return table.unique("trajectory", maintain_order=True)["trajectory_return"].to_numpy()
