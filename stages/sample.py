"""Sample demonstrations: trajectories of the stochastic expert, in Gymnasium, subsampled as in the paper."""

import argparse
from pathlib import Path

import numpy as np
import torch

from gailpipe.envs.episodes import play_episodes
from gailpipe.foundation.command import run, task_parser
from gailpipe.foundation.seeding import derive_seed
from gailpipe.foundation.tables import write_table
from gailpipe.imitation.trajectories import tabulate
from gailpipe.params.base import load_section, load_seed
from gailpipe.params.sample import Sample
from gailpipe.policies.one_core import use_one_core
from gailpipe.policies.policy_file import load_policy


def main(arguments: argparse.Namespace) -> None:
    settings = load_section(arguments.params, Sample, "sample", arguments.env, arguments.set)
    seed = load_seed(arguments.params)
    expert = load_policy(arguments.expert, arguments.env)
    use_one_core()
    generator = torch.Generator().manual_seed(derive_seed(seed, "sample", arguments.env))
    episodes = play_episodes(
        expert.task,
        lambda observations: expert(observations, generator),
        [derive_seed(seed, "sample", arguments.env, trajectory) for trajectory in range(settings.trajs)],
    )
    starts = np.random.default_rng(derive_seed(seed, "subsample", arguments.env))
    write_table(tabulate(episodes, settings.every, starts), arguments.out)


if __name__ == "__main__":
    parser = task_parser("sample", __doc__)
    parser.add_argument("--expert", type=Path, required=True, help="the expert's policy, a safetensors file")
    run(main, parser)
