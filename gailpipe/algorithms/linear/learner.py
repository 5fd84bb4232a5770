"""FEM and GTAL: TRPO on rewards that are linear in features, with weights that follow the policy."""

from pathlib import Path

import torch

from gailpipe.algorithms.linear.reward import LinearReward, fem_weights, gtal_weights
from gailpipe.demonstrations.demonstrations import Demonstrations
from gailpipe.policies.policy import Policy
from gailpipe.rl.imitation import ImitationRun, imitate
from gailpipe.rl.settings import Imitation


def learn_fem(env: str, demonstrations: Path, settings: Imitation, seed: int, out: Path) -> None:
    """Train FEM's policies of all seeds on the demonstrations in a file, and make the directory `out` of them.

    Raises:
        UserError: The demonstrations will not do, something else is at `out`, or a run failed: names its seed.
    """
    imitate(ImitationRun("fem", env, demonstrations, settings, seed, make_fem_reward), out)


def learn_gtal(env: str, demonstrations: Path, settings: Imitation, seed: int, out: Path) -> None:
    """Train GTAL's policies as `learn_fem` does FEM's.

    Raises:
        UserError: The demonstrations will not do, something else is at `out`, or a run failed: names its seed.
    """
    imitate(ImitationRun("gtal", env, demonstrations, settings, seed, make_gtal_reward), out)


def make_fem_reward(
    policy: Policy, demonstrations: Demonstrations, settings: Imitation, _generator: torch.Generator, _folder: Path
) -> LinearReward:
    """Start a new policy's normaliser from the demonstrations, and make FEM's reward."""
    policy.normalizer.update(demonstrations.observations)
    return LinearReward(policy, demonstrations, settings.episodes_end_on_success, fem_weights)


def make_gtal_reward(
    policy: Policy, demonstrations: Demonstrations, settings: Imitation, _generator: torch.Generator, _folder: Path
) -> LinearReward:
    """Start a new policy's normaliser from the demonstrations, and make GTAL's reward."""
    policy.normalizer.update(demonstrations.observations)
    return LinearReward(policy, demonstrations, settings.episodes_end_on_success, gtal_weights)
