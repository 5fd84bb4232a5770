"""Clone a task's expert by supervised learning, once for each seed."""

import argparse
from functools import partial
from pathlib import Path

import polars as pl
import torch

from gailpipe.envs.tasks import find_task
from gailpipe.foundation.command import imitation_parser, run
from gailpipe.foundation.progress import Progress
from gailpipe.foundation.seeding import derive_seed
from gailpipe.imitation.cloning import clone
from gailpipe.imitation.demonstrations import load_demonstrations
from gailpipe.params.base import load_section, load_seed
from gailpipe.params.cloning import Bc
from gailpipe.policies.checkpoint import Checkpoint
from gailpipe.policies.learning import watch
from gailpipe.policies.policy import Policy, make_policy
from gailpipe.policies.runs import train_seeds


def main(arguments: argparse.Namespace) -> None:
    settings = load_section(arguments.params, Bc, "bc", arguments.env, arguments.set)
    seed = load_seed(arguments.params)
    run_one = partial(train_one, arguments.env, arguments.demonstrations, settings, seed)
    parameters = {"seed": seed, **settings.model_dump()}
    work = f"bc-{arguments.env}"
    train_seeds(work, parameters, arguments.demonstrations, run_one, settings.seeds, arguments.out)


def train_one(
    env: str, demonstrations_path: Path, settings: Bc, seed: int, index: int, checkpoints: Path
) -> tuple[Policy, pl.DataFrame]:
    """Train the run with this index, and return its policy and learning curve."""
    task = find_task(env)
    demonstrations = load_demonstrations(demonstrations_path, task, settings.trajs)
    generator = torch.Generator().manual_seed(derive_seed(seed, "bc", env, index))
    policy = make_policy(task, settings.hidden_sizes, settings.initial_log_std, generator)
    checkpoint = Checkpoint(checkpoints / "cloning")
    training = clone(policy, demonstrations, settings, generator, checkpoint)
    with Progress(f"bc {env} seed {index}", settings.steps, position=index) as progress:
        return policy, watch(training, checkpoint, "step", progress)


if __name__ == "__main__":
    run(main, imitation_parser("bc", __doc__))
