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
from gailpipe.foundation.scratch import scratch
from gailpipe.foundation.seeding import derive_seed
from gailpipe.foundation.tables import table_bytes
from gailpipe.policies.policy import GaussianPolicy, Policy, make_policy
from gailpipe.policies.policy_file import policy_bytes
from gailpipe.rewards.learned import FrozenReward
from gailpipe.rewards.reward_function import EnvironmentReward, RewardFunction
from gailpipe.rl.on_policy.loop import train
from gailpipe.training.checkpoint import Checkpoint
from gailpipe.training.compute import use_one_thread
from gailpipe.training.metrics import follow, learning_curves


def learn_expert(environment: Environment, settings: Expert, seed: int, reward: Path | None, out: Path) -> None:
    """Train an environment's expert, and make the directory `out` of policy.safetensors and learning.parquet.

    Args:
        environment: Where to learn.
        settings: Of the expert.
        seed: The pipeline's.
        reward: The file of a learned reward, to be maximised in place of the environment's own, without a bonus.
        out: Where nothing else is.

    Raises:
        UserError: The reward will not do, something else is at `out`, or a NaN or an infinity arose.
    """
    use_one_thread()
    learned = FrozenReward(reward, environment) if reward else None
    parameters = {"seed": seed, "environment": environment.description(), **settings.model_dump()}
    with scratch(f"expert-{environment.name}", parameters, [reward] if reward else [], out) as folder:
        policy, curves = _train(environment, settings, seed, learned, Checkpoint(folder / "training"))
        files = {"learning.parquet": table_bytes(curves), "policy.safetensors": policy_bytes(policy)}
        write_directory(out, files)


def _train(
    environment: Environment, settings: Expert, seed: int, learned: RewardFunction | None, checkpoint: Checkpoint
) -> tuple[Policy, pl.DataFrame]:
    generator = torch.Generator().manual_seed(derive_seed(seed, "expert", environment.name))
    policy = make_policy(environment, settings.hidden_sizes, settings.initial_log_std, generator)

    def make_vector_env(start: int) -> VectorEnv:
        vector_env_seed = derive_seed(seed, "expert simulators", environment.name, start)
        return VectorEnv(environment, settings.num_envs, vector_env_seed, available_cores())

    reward_function = learned or EnvironmentReward()
    if settings.rnd_bonus and learned is None:
        reward_function = RndReward(policy, settings.rnd_bonus, generator)
    training = train(policy, make_vector_env, reward_function, settings, generator, checkpoint)
    follow(training, f"expert {environment.name}", settings.env_steps, "env_steps", checkpoint)
    if isinstance(policy, GaussianPolicy):
        with torch.no_grad():
            policy.log_std.add_(log(settings.noise_kept))
    return policy, learning_curves(checkpoint)
