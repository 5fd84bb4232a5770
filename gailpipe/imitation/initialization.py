"""The policy that GAIL starts from."""

import torch

from gailpipe.imitation.cloning import clone
from gailpipe.imitation.demonstrations import Demonstrations
from gailpipe.params.gail import Gail
from gailpipe.policies.checkpoint import Checkpoint
from gailpipe.policies.policy import GaussianPolicy, Policy


def initialize(
    policy: Policy,
    demonstrations: Demonstrations,
    settings: Gail,
    generator: torch.Generator,
    checkpoint: Checkpoint,
) -> None:
    """Initialise a new policy for GAIL: its normaliser starts from the demonstrations, and it is cloned if so set.

    Ho & Ermon (2016, section 7) propose cloning. It gives a Gaussian policy its means, and leaves the exploration noise
    as it was; a categorical policy is cloned with its randomness.
    """
    if settings.cloning.steps == 0:
        policy.normalizer.update(demonstrations.observations)
        return
    for _ in clone(policy, demonstrations, settings.cloning, generator, checkpoint):
        pass
    if isinstance(policy, GaussianPolicy):
        with torch.no_grad():
            policy.log_std.fill_(settings.initial_log_std)
