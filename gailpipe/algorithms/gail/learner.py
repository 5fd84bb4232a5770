"""GAIL: TRPO on the reward of a discriminator that learns along."""

from pathlib import Path

import torch

from gailpipe.algorithms.bc.cloning import clone
from gailpipe.algorithms.gail.compensated import CompensatedNormalizer
from gailpipe.algorithms.gail.reward import GailReward
from gailpipe.algorithms.gail.settings import Gail
from gailpipe.demonstrations.demonstrations import Demonstrations
from gailpipe.envs.environment import Environment
from gailpipe.policies.policy import Policy
from gailpipe.rewards.imitation import learn
from gailpipe.rl.on_policy.imitation import ImitationRun
from gailpipe.training.checkpoint import Checkpoint


def learn_gail(environment: Environment, demonstrations: Path, settings: Gail, seed: int, out: Path) -> None:
    """Train GAIL's policies of all seeds on the demonstrations in a file, and make the directory `out` of them.

    Raises:
        UserError: The demonstrations will not do, something else is at `out`, or a run failed: names its seed.
    """
    learn(ImitationRun("gail", environment, demonstrations, settings, seed, make_reward), out)


def make_reward(
    policy: Policy, demonstrations: Demonstrations, settings: Gail, generator: torch.Generator, checkpoints: Path
) -> GailReward:
    """Initialise a new policy, and make its discriminator's reward."""
    initialize(policy, demonstrations, settings, generator, Checkpoint(checkpoints / "cloning"))
    return GailReward(policy, demonstrations, settings, generator)


def initialize(
    policy: Policy,
    demonstrations: Demonstrations,
    settings: Gail,
    generator: torch.Generator,
    checkpoint: Checkpoint,
) -> None:
    """Initialise a new policy for GAIL: its units are the demonstrations', and it is cloned if so set.

    Ho & Ermon (2016, section 7) propose cloning. It gives a Gaussian policy its means, and no noise; a categorical
    policy is cloned with its randomness. The first batch has more rows than there are pairs, and its moments would
    change all inputs of a clone: a cloned policy's normaliser makes up for what it learns. Of observations alone the
    policy knows neither units nor noise of actions.
    """
    if settings.observations_only:
        policy.normalizer.update(demonstrations.observations)
        return
    if settings.cloning.steps:
        for _ in clone(policy, demonstrations, settings.cloning, generator, checkpoint):
            pass
        policy.normalizer = CompensatedNormalizer(policy)
    else:
        policy.start_from(demonstrations.observations, demonstrations.actions)
    policy.take_noise_from(demonstrations.actions, settings.initial_log_std)
