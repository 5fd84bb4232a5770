"""Returns and lengths of a policy's episodes."""

from collections.abc import Callable, Sequence

import polars as pl
from numpy.typing import NDArray

from gailpipe.envs.episodes import play_episodes
from gailpipe.envs.tasks import Task

SCHEMA = {
    "policy": pl.String,  # random, expert, or who learned it: bc, gail, …
    "seed": pl.Int64,  # of the run that learned it; null for random and expert
    "mode": pl.String,  # deterministic or stochastic
    "episode": pl.Int64,
    "return": pl.Float64,
    "length": pl.Int64,
}


def evaluate(
    task: Task,
    act: Callable[[NDArray], NDArray],
    episode_seeds: Sequence[int],
    policy: str,
    seed: int | None,
    mode: str,
) -> pl.DataFrame:
    """Play an episode from each of `episode_seeds`, and return a row for each, as `SCHEMA` says.

    Raises:
        UserError: The task gives a NaN or an infinity.
    """
    episodes = play_episodes(task, act, episode_seeds)
    return pl.DataFrame(
        [
            (policy, seed, mode, number, episode.episode_return, episode.length)
            for number, episode in enumerate(episodes)
        ],
        schema=SCHEMA,
        orient="row",
    )
