"""Where demonstrations come from: episodes of the stochastic expert."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl
import torch

from gailpipe.demonstrations.settings import Sample
from gailpipe.envs.episodes import Episode, play_episodes
from gailpipe.foundation.seeding import derive_seed
from gailpipe.foundation.tables import write_table
from gailpipe.policies.policy_file import load_policy
from gailpipe.training.compute import use_one_thread


def sample_demonstrations(env: str, expert_path: Path, settings: Sample, seed: int, out: Path) -> None:
    """Play episodes of the expert in a file, and write their subsampled trajectories as the Parquet file `out`."""
    expert = load_policy(expert_path, env)
    use_one_thread()
    generator = torch.Generator().manual_seed(derive_seed(seed, "sample", env))
    episodes = play_episodes(
        expert.environment,
        lambda observations: expert(observations, generator),
        [derive_seed(seed, "sample", env, trajectory) for trajectory in range(settings.trajs)],
    )
    subsampling = np.random.default_rng(derive_seed(seed, "subsample", env))
    write_table(tabulate(episodes, settings.every, subsampling), out)


def tabulate(episodes: Sequence[Episode], every: int, generator: np.random.Generator) -> pl.DataFrame:
    """Keep every `every`-th step of each episode, from a random start (Ho & Ermon 2016, section 6), in a table.

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
