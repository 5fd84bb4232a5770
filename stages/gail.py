"""Train GAIL on a task's demonstrations, once for each seed."""

import argparse
from functools import partial
from pathlib import Path

import polars as pl
import torch

from gailpipe.envs.simulators import Simulators
from gailpipe.envs.tasks import find_task
from gailpipe.foundation.command import run, task_parser
from gailpipe.foundation.progress import Progress
from gailpipe.foundation.seeding import derive_seed
from gailpipe.imitation.demonstrations import load_demonstrations
from gailpipe.imitation.gail_reward import GailReward
from gailpipe.imitation.initialization import initialize
from gailpipe.params.base import load_section, load_seed
from gailpipe.params.gail import Gail
from gailpipe.policies.checkpoint import Checkpoint
from gailpipe.policies.learning import watch
from gailpipe.policies.policy import Policy, make_policy
from gailpipe.policies.runs import train_seeds
from gailpipe.rl.training import train


def main(arguments: argparse.Namespace) -> None:
    settings = load_section(arguments.params, Gail, "gail", arguments.env)
    seed = load_seed(arguments.params)
    run_one = partial(train_one, arguments.env, arguments.demonstrations, settings, seed)
    parameters = {"seed": seed, **settings.model_dump()}
    work = f"gail-{arguments.env}"
    train_seeds(work, parameters, arguments.demonstrations, run_one, settings.seeds, arguments.out)


def train_one(
    env: str, demonstrations_path: Path, settings: Gail, seed: int, index: int, checkpoints: Path
) -> tuple[Policy, pl.DataFrame]:
    """Train the run with this index, and return its policy and learning curve."""
    task = find_task(env)
    demonstrations = load_demonstrations(demonstrations_path, task, settings.trajs)
    generator = torch.Generator().manual_seed(derive_seed(seed, "gail", env, index))
    policy = make_policy(task, settings.hidden_sizes, settings.initial_log_std, generator)
    initialize(policy, demonstrations, settings, generator, Checkpoint(checkpoints / "cloning"))
    reward_function = GailReward(policy, demonstrations, settings, generator)
    checkpoint = Checkpoint(checkpoints / "training")

    def start_simulators(start: int) -> Simulators:
        simulators_seed = derive_seed(seed, "gail simulators", env, index, start)
        return Simulators(task, settings.num_envs, simulators_seed, num_threads=1)

    training = train(policy, start_simulators, reward_function, settings, generator, checkpoint)
    with Progress(f"gail {env} seed {index}", settings.env_steps, position=index) as progress:
        return policy, watch(training, checkpoint, "env_steps", progress)


if __name__ == "__main__":
    parser = task_parser("gail", __doc__)
    parser.add_argument("--demonstrations", type=Path, required=True, help="the task's Parquet file")
    run(main, parser)
