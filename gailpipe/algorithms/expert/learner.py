"""The expert: a policy that learns from the environment's own reward."""

from math import log
from pathlib import Path

import polars as pl
import torch

from gailpipe.algorithms.expert.rnd import RndReward
from gailpipe.algorithms.expert.settings import Expert
from gailpipe.envs.environment import Environment
from gailpipe.envs.vector_env import VectorEnv
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


def learn_expert(environment: Environment, settings: Expert, seed: int, out: Path) -> None:
    """Train an environment's expert, and make the directory `out` of policy.safetensors and learning.parquet."""
    use_one_thread()
    parameters = {"seed": seed, "environment": environment.description(), **settings.model_dump()}
    with scratch(f"expert-{environment.name}", parameters, [], out) as folder:
        policy, curves = _train(environment, settings, seed, Checkpoint(folder / "training"))
        files = {"learning.parquet": table_bytes(curves), "policy.safetensors": policy_bytes(policy)}
        write_directory(out, files)


def _train(
    environment: Environment, settings: Expert, seed: int, checkpoint: Checkpoint
) -> tuple[Policy, pl.DataFrame]:
    generator = torch.Generator().manual_seed(derive_seed(seed, "expert", environment.name))
    policy = make_policy(environment, settings.hidden_sizes, settings.initial_log_std, generator)

    def make_vector_env(start: int) -> VectorEnv:
        vector_env_seed = derive_seed(seed, "expert simulators", environment.name, start)
        return VectorEnv(environment, settings.num_envs, vector_env_seed, available_cores())

    reward_function: RewardFunction = EnvironmentReward()
    if settings.rnd_bonus:
        reward_function = RndReward(policy, settings.rnd_bonus, generator)
    with Progress(f"expert {environment.name}", settings.env_steps) as progress:
        show = show_on(progress, checkpoint, "env_steps")
        for metrics in train(policy, make_vector_env, reward_function, settings, generator, checkpoint):
            show(metrics)
    if isinstance(policy, GaussianPolicy):
        with torch.no_grad():
            policy.log_std.add_(log(settings.noise_kept))
    return policy, learning_curves(checkpoint)
