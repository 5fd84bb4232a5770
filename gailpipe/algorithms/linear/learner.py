"""FEM and GTAL: TRPO on rewards that are linear in features, with weights that follow the policy."""

from functools import partial
from pathlib import Path

import torch

from gailpipe.algorithms.linear.reward import LinearReward, Weigh, fem_weights, gtal_weights
from gailpipe.demonstrations.demonstrations import Demonstrations
from gailpipe.policies.policy import Policy
from gailpipe.rl.imitation import ImitationRun
from gailpipe.rl.settings import Imitation
from gailpipe.training.seeds import train_seeds

WEIGHTS = {"fem": fem_weights, "gtal": gtal_weights}


def learn_linear(algorithm: str, env: str, demonstrations: Path, settings: Imitation, seed: int, out: Path) -> None:
    """Train the policies of all seeds on the demonstrations in a file, and make the directory `out` of them.

    Args:
        algorithm: One of `WEIGHTS`.
        env: The environment's ID.
        demonstrations: The file.
        settings: Of `algorithm`.
        seed: The pipeline's.
        out: Where nothing else is.

    Raises:
        UserError: The demonstrations will not do, something else is at `out`, or a run failed: names its seed.
    """
    make = partial(make_reward, WEIGHTS[algorithm])
    train_seeds(ImitationRun(algorithm, env, demonstrations, settings, seed, make), out)


def make_reward(
    weigh: Weigh,
    policy: Policy,
    demonstrations: Demonstrations,
    settings: Imitation,
    _generator: torch.Generator,
    _checkpoints: Path,
) -> LinearReward:
    """Start a new policy's normaliser from the demonstrations, and make its reward."""
    policy.normalizer.update(demonstrations.observations)
    return LinearReward(policy, demonstrations, settings.episodes_end_on_success, weigh)
