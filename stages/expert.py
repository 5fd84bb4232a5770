"""Train a task's expert: TRPO on the environment's reward."""

import argparse

import torch

from gailpipe.envs.simulators import Simulators
from gailpipe.envs.tasks import find_task
from gailpipe.foundation.command import run, task_parser
from gailpipe.foundation.files import whole_directory
from gailpipe.foundation.processes import available_cores
from gailpipe.foundation.progress import Progress
from gailpipe.foundation.seeding import derive_seed
from gailpipe.foundation.tables import write_table
from gailpipe.params.base import load_section, load_seed
from gailpipe.params.training import Training
from gailpipe.policies.learning import watch
from gailpipe.policies.policy import make_policy
from gailpipe.policies.policy_file import save_policy
from gailpipe.rl.training import EnvironmentReward, train


def main(arguments: argparse.Namespace) -> None:
    settings = load_section(arguments.params, Training, "expert", arguments.env)
    seed = load_seed(arguments.params)
    task = find_task(arguments.env)
    torch.set_num_threads(1)
    generator = torch.Generator().manual_seed(derive_seed(seed, "expert", task.name))
    policy = make_policy(task, settings.hidden_sizes, settings.initial_log_std, generator)
    simulators = Simulators(
        task, settings.num_envs, derive_seed(seed, "expert simulators", task.name), available_cores()
    )
    training = train(policy, simulators, EnvironmentReward(), settings, generator)
    with whole_directory(arguments.out) as out:
        with Progress(f"expert {task.name}", settings.env_steps) as progress:
            curves = watch(training, "env_steps", progress)
        write_table(curves, out / "learning.parquet")
        save_policy(policy, out / "policy.safetensors")


if __name__ == "__main__":
    run(main, task_parser("expert", __doc__))
