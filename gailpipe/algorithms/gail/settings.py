"""Settings of GAIL."""

from pydantic import PositiveInt

from gailpipe.algorithms.bc.settings import Cloning
from gailpipe.foundation.params import NonNegativeFloat, PositiveFloat, Section
from gailpipe.rl.settings import Imitation


class DiscriminatorFit(Section):
    """How the discriminator follows the policy, and what keeps it from winning."""

    learning_rate: PositiveFloat
    steps: PositiveInt
    """Of Adam, after each rollout. Too few for its learning rate, and it lags behind the policy, so that both swing."""
    batch_size: PositiveInt
    """Pairs of the policy, and of the expert, in a step; all of them where there are fewer."""
    gradient_penalty: NonNegativeFloat
    """Weight of the penalty on logits steeper than 1."""
    entropy_bonus: NonNegativeFloat
    """Weight of the reward for being undecided."""


class Gail(Imitation):
    """Generative adversarial imitation learning: TRPO on the reward that a discriminator learns."""

    causal_entropy: NonNegativeFloat
    """λ: the reward has −λ log π(a|s) added."""
    discriminator: DiscriminatorFit
    cloning: Cloning
    """Initialises the policy; 0 steps leave it random, as in the paper's experiments."""
