"""FEM and GTAL: TRPO on rewards that are linear in features, with weights that follow the policy."""

from functools import partial
from pathlib import Path

import torch

from gailpipe.algorithms.linear.reward import LinearReward, Weigh, fem_weights, gtal_weights
from gailpipe.demonstrations.demonstrations import Demonstrations
from gailpipe.envs.environment import Environment
from gailpipe.policies.policy import Policy
from gailpipe.rewards.imitation import learn
from gailpipe.rl.on_policy.imitation import ImitationRun
from gailpipe.rl.on_policy.settings import Imitation

WEIGHTS = {"fem": fem_weights, "gtal": gtal_weights}


def learn_linear(
    algorithm: str, environment: Environment, demonstrations: Path, settings: Imitation, seed: int, out: Path
) -> None:
    """Train the policies of all seeds on the demonstrations in a file, and make the directory `out` of them.

    Args:
        algorithm: One of `WEIGHTS`.
        environment: Where to learn.
        demonstrations: The file.
        settings: Of `algorithm`.
        seed: The pipeline's.
        out: Where nothing else is.

    Raises:
        UserError: The demonstrations will not do, something else is at `out`, or a run failed: names its seed.
    """
    make = partial(make_reward, WEIGHTS[algorithm])
    learn(ImitationRun(algorithm, environment, demonstrations, settings, seed, make), out)


def make_reward(
    weigh: Weigh,
    policy: Policy,
    demonstrations: Demonstrations,
    settings: Imitation,
    _generator: torch.Generator,
    _checkpoints: Path,
) -> LinearReward:
    """Start a new policy from the demonstrations' units and spread, and make its reward."""
    policy.start_from(demonstrations.observations, demonstrations.actions)
    policy.take_noise_from(demonstrations.actions, settings.initial_log_std)
    return LinearReward(policy, demonstrations, settings.pays_for_ends, weigh)
