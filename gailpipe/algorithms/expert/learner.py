"""The expert: a policy that learns from the environment's own reward."""

from math import log
from pathlib import Path

import polars as pl
import torch

from gailpipe.algorithms.expert.rnd import RndReward
from gailpipe.algorithms.expert.settings import Expert
from gailpipe.envs.simulators import Simulators
from gailpipe.envs.tasks import Task, find_task
from gailpipe.foundation.files import write_directory
from gailpipe.foundation.processes import available_cores
from gailpipe.foundation.progress import Progress
from gailpipe.foundation.scratch import scratch
from gailpipe.foundation.seeding import derive_seed
from gailpipe.foundation.tables import table_bytes
from gailpipe.policies.policy import GaussianPolicy, Policy, make_policy
from gailpipe.policies.policy_file import policy_bytes
from gailpipe.rl.loop import EnvironmentReward, RewardFunction, train
from gailpipe.training.checkpoint import Checkpoint
from gailpipe.training.compute import use_one_thread
from gailpipe.training.metrics import learning_curves, show_on


def learn_expert(env: str, settings: Expert, seed: int, out: Path) -> None:
    """Train a task's expert, and make the directory `out` of policy.safetensors and learning.parquet."""
    use_one_thread()
    task = find_task(env)
    parameters = {"seed": seed, **settings.model_dump()}
    with scratch(f"expert-{task.name}", parameters, [], out) as folder:
        policy, curves = _train(task, settings, seed, Checkpoint(folder / "training"))
        files = {"learning.parquet": table_bytes(curves), "policy.safetensors": policy_bytes(policy)}
        write_directory(out, files)


def _train(task: Task, settings: Expert, seed: int, checkpoint: Checkpoint) -> tuple[Policy, pl.DataFrame]:
    generator = torch.Generator().manual_seed(derive_seed(seed, "expert", task.name))
    policy = make_policy(task, settings.hidden_sizes, settings.initial_log_std, generator)

    def start_simulators(start: int) -> Simulators:
        simulators_seed = derive_seed(seed, "expert simulators", task.name, start)
        return Simulators(task, settings.num_envs, simulators_seed, available_cores())

    reward_function: RewardFunction = EnvironmentReward()
    if settings.exploration_bonus:
        reward_function = RndReward(policy, settings.exploration_bonus, generator)
    with Progress(f"expert {task.name}", settings.env_steps) as progress:
        show = show_on(progress, checkpoint, "env_steps")
        for metrics in train(policy, start_simulators, reward_function, settings, generator, checkpoint):
            show(metrics)
    if isinstance(policy, GaussianPolicy):
        with torch.no_grad():
            policy.log_std.add_(log(settings.noise_kept))
    return policy, learning_curves(checkpoint)
