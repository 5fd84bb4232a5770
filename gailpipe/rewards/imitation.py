"""Learning by reinforcement from demonstrations: what the ends of episodes mean, and all seeds' runs."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import polars as pl

from gailpipe.demonstrations.demonstrations import introduce, load_demonstrations
from gailpipe.demonstrations.trajectories import share_ended_early
from gailpipe.foundation.errors import UserError
from gailpipe.rewards.settings import Adversarial, RewardedImitator
from gailpipe.training.seeds import Run, train_seeds

MAJORITY = 0.5  # of the demonstrated trajectories decide what ends mean
Settings = TypeVar("Settings", bound=RewardedImitator)


def learn(run: Run[Settings], out: Path) -> None:
    """Do `run` with all seeds (`train_seeds`), once it is known what the ends of episodes mean, where that matters.

    Raises:
        UserError: The demonstrations will not do, something else is at `out`, or a run failed: names its seed.
    """
    settings = run.settings
    trajectories = introduce(run.algorithm, run.demonstrations, run.environment, settings.trajs)
    adversarial = settings if isinstance(settings, Adversarial) else None
    if adversarial and adversarial.judges_next_observations:
        _require_next_observations(run, adversarial)
    matters = not (adversarial and adversarial.shaped)
    ends = {"episodes_end_on_success": matters and ends_on_success(run, trajectories)}
    train_seeds(replace(run, settings=settings.model_copy(update=ends)), out)


def _require_next_observations(run: Run[Settings], settings: Adversarial) -> None:
    demonstrations = load_demonstrations(run.demonstrations, run.environment, run.settings.trajs)
    if not demonstrations.followed.any():
        key = "discriminator.form" if settings.shaped else "observations_only"
        raise UserError(
            f"{run.demonstrations}: does not tell what was observed after any pair, which {run.algorithm}.{key} asks "
            "for; give it next_observation, or all steps of each trajectory"
        )


def ends_on_success(run: Run[Settings], trajectories: pl.DataFrame) -> bool:
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
