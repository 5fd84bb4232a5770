"""Where demonstrations come from: episodes of the stochastic expert."""

from pathlib import Path

import numpy as np
import torch

from gailpipe.demonstrations.settings import Sample
from gailpipe.demonstrations.trajectories import tabulate
from gailpipe.envs.episodes import play_episodes
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
        expert.task,
        lambda observations: expert(observations, generator),
        [derive_seed(seed, "sample", env, trajectory) for trajectory in range(settings.trajs)],
    )
    subsampling = np.random.default_rng(derive_seed(seed, "subsample", env))
    write_table(tabulate(episodes, settings.every, subsampling), out)
