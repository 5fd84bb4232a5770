"""What GAIL, FEM and GTAL share: TRPO on a reward made from demonstrations."""

import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol, TypeVar

import polars as pl
import torch

from gailpipe.demonstrations.demonstrations import Demonstrations, introduce, load_demonstrations
from gailpipe.demonstrations.trajectories import share_ended_early
from gailpipe.envs.vector_env import VectorEnv
from gailpipe.foundation.errors import UserError
from gailpipe.foundation.processes import available_cores
from gailpipe.foundation.progress import Progress
from gailpipe.foundation.seeding import derive_seed
from gailpipe.policies.policy import Policy, make_policy
from gailpipe.rl.loop import RewardFunction, train
from gailpipe.rl.settings import Imitation
from gailpipe.training.checkpoint import Checkpoint
from gailpipe.training.metrics import learning_curves, show_on
from gailpipe.training.seeds import Learned, Run, train_seeds


class ImitationReward(RewardFunction, Protocol):
    """A reward that is made from demonstrations."""

    def files(self) -> dict[str, bytes]:
        """Return contents of files that are worth keeping beside the policy, by what they hold."""
        ...


Settings = TypeVar("Settings", bound=Imitation)
MAJORITY = 0.5  # of the demonstrated trajectories decide what ends mean
MakeReward = Callable[[Policy, Demonstrations, Settings, torch.Generator, Path], ImitationReward]
"""Initialises a new policy, makes the reward that it will learn from, and may keep checkpoints in a folder."""


@dataclass(frozen=True)
class ImitationRun(Run[Settings]):
    """TRPO on a reward made from the demonstrations."""

    make_reward: MakeReward[Settings]

    def __call__(self, index: int, checkpoints: Path) -> Learned:
        environment, settings = self.environment, self.settings
        demonstrations = load_demonstrations(self.demonstrations, environment, settings.trajs)
        generator = torch.Generator().manual_seed(derive_seed(self.seed, self.algorithm, environment.name, index))
        policy = make_policy(environment, settings.hidden_sizes, settings.initial_log_std, generator)
        reward_function = self.make_reward(policy, demonstrations, settings, generator, checkpoints)
        checkpoint = Checkpoint(checkpoints / "training")
        num_threads = max(1, available_cores() // settings.seeds)  # all seeds run side by side

        def make_vector_env(start: int) -> VectorEnv:
            purpose = f"{self.algorithm} simulators"
            vector_env_seed = derive_seed(self.seed, purpose, environment.name, index, start)
            return VectorEnv(environment, settings.num_envs, vector_env_seed, num_threads)

        name = f"{self.algorithm} {environment.name} seed {index}"
        with Progress(name, settings.env_steps, position=index) as progress:
            show = show_on(progress, checkpoint, "env_steps")
            for metrics in train(policy, make_vector_env, reward_function, settings, generator, checkpoint):
                show(metrics)
        return Learned(policy, learning_curves(checkpoint), reward_function.files())


def learn(run: ImitationRun, out: Path) -> None:
    """Do `run` with all seeds (`train_seeds`), once it is known what the ends of episodes mean.

    Raises:
        UserError: The demonstrations will not do, something else is at `out`, or a run failed: names its seed.
    """
    trajectories = introduce(run.algorithm, run.demonstrations, run.environment, run.settings.trajs)
    ends = {"episodes_end_on_success": ends_on_success(run, trajectories)}
    train_seeds(replace(run, settings=run.settings.model_copy(update=ends)), out)


def ends_on_success(run: ImitationRun, trajectories: pl.DataFrame) -> bool:
    """Return whether an episode's end is a success; say on stderr how that was decided, or why it may be wrong.

    Raises:
        UserError: The demonstrations shall tell, and don't.
    """
    early = share_ended_early(trajectories, run.environment.max_episode_steps)
    setting, key = run.settings.episodes_end_on_success, f"{run.algorithm}.episodes_end_on_success"
    if early is None:
        if setting == "auto":
            lacks = "has no trajectory_terminated, truncated or trajectory_length"
            raise UserError(f"{run.demonstrations}: {lacks} to tell how trajectories end; set {key} to true or false")
        return setting
    decision = early > MAJORITY if setting == "auto" else setting
    line = f"{run.algorithm} {run.environment.name}: {early:.0%} of the trajectories end before the time limit, "
    pays = "makes the policy end its episodes" if decision else "pays for living on"
    if setting == "auto":
        print(f"{line}so the reward {pays}", file=sys.stderr, flush=True)
    elif decision != (early > MAJORITY):
        print(f"{line}but {key}: {str(setting).lower()} {pays}; is that meant?", file=sys.stderr, flush=True)
    return decision
