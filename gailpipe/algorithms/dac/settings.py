"""Settings of discriminator-actor-critic."""

from pydantic import NonNegativeInt

from gailpipe.foundation.params import NonNegativeFloat
from gailpipe.rewards.settings import Adversarial, RewardedImitator
from gailpipe.rl.off_policy.settings import OffPolicyTraining


class Dac(OffPolicyTraining, RewardedImitator, Adversarial):
    """Soft actor-critic on the reward that a discriminator learns."""

    cloning_steps: NonNegativeInt
    """Of Adam on demonstrated actions, before the policy's first step in the environment."""
    cloning_weight: NonNegativeFloat
    """Of the error on demonstrated actions in the policy's loss, whose other part then is in units of the mean |Q|."""

    @property
    def interactions(self) -> int:
        return self.iterations * self.num_envs
