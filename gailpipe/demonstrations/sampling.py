"""Where demonstrations come from if no one recorded any: episodes of the stochastic expert."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl
import torch

from gailpipe.demonstrations.settings import Sample
from gailpipe.demonstrations.table import with_single_precision
from gailpipe.envs.environment import Environment
from gailpipe.envs.episodes import Episode, play_episodes
from gailpipe.foundation.seeding import derive_seed
from gailpipe.foundation.tables import write_table
from gailpipe.policies.policy_file import load_policy
from gailpipe.training.compute import use_one_thread


def sample_demonstrations(environment: Environment, expert_path: Path, settings: Sample, seed: int, out: Path) -> None:
    """Play episodes of the expert in a file, and write their subsampled trajectories as the Parquet file `out`."""
    episodes = play_expert(environment, expert_path, settings.trajs, seed)
    subsampling = np.random.default_rng(derive_seed(seed, "subsample", environment.name))
    write_table(tabulate(episodes, settings.every, subsampling), out)


def play_expert(environment: Environment, expert_path: Path, trajs: int, seed: int) -> list[Episode]:
    """Play `trajs` whole episodes of the expert in a file; the same seed gives the same ones on the same machine."""
    expert = load_policy(expert_path, environment.name)
    use_one_thread()
    generator = torch.Generator().manual_seed(derive_seed(seed, "sample", environment.name))
    return play_episodes(
        environment,
        lambda observations: expert(observations, generator),
        [derive_seed(seed, "sample", environment.name, trajectory) for trajectory in range(trajs)],
    )


def tabulate(episodes: Sequence[Episode], every: int, generator: np.random.Generator) -> pl.DataFrame:
    """Keep every `every`-th step of each episode, from a random start (Ho & Ermon 2016, section 6), in a table.

    Returns:
        One row per kept step: trajectory, step, observation, action, next_observation, reward, terminated, truncated,
        and of the whole trajectory its return, its length and whether it terminated. `terminated` and `truncated` are
        those of that very step.
        Observations are in single precision where that tells them apart.
    """
    table = pl.concat(_kept_steps(number, episode, every, generator) for number, episode in enumerate(episodes))
    return with_single_precision(table)


def _kept_steps(trajectory: int, episode: Episode, every: int, generator: np.random.Generator) -> pl.DataFrame:
    steps = np.arange(generator.integers(min(every, episode.length)), episode.length, every)
    last = steps == episode.length - 1
    actions = episode.actions[steps]
    columns = {
        "trajectory": np.full(len(steps), trajectory, np.int32),
        "step": steps.astype(np.int32),
        "observation": episode.observations[steps],
        "action": actions.reshape(len(steps), -1) if actions.ndim > 1 else actions,
        "next_observation": episode.observations[steps + 1],
        "reward": episode.rewards[steps],
        "terminated": last & episode.terminated,
        "truncated": last & episode.truncated,
        "trajectory_return": np.full(len(steps), episode.episode_return),
        "trajectory_length": np.full(len(steps), episode.length, np.int32),
        "trajectory_terminated": np.full(len(steps), episode.terminated),
    }
    return pl.DataFrame(columns)
