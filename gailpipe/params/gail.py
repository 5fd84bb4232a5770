"""Settings of GAIL."""

from pydantic import PositiveInt

from gailpipe.params.base import Section
from gailpipe.params.cloning import Cloning
from gailpipe.params.training import NonNegativeFloat, PositiveFloat, Training


class Discriminator(Section):
    """The discriminator's steps after each rollout, and what keeps it from winning."""

    learning_rate: PositiveFloat
    steps: PositiveInt
    batch_size: PositiveInt
    gradient_penalty: NonNegativeFloat
    entropy_bonus: NonNegativeFloat


class Gail(Training):
    """Generative adversarial imitation learning: TRPO on the reward that a discriminator learns."""

    trajs: PositiveInt
    seeds: PositiveInt
    episodes_end_on_success: bool
    """Decides the reward's sign: log D ≤ 0 where an episode ends on success, −log(1 − D) ≥ 0 elsewhere."""
    causal_entropy: NonNegativeFloat
    discriminator: Discriminator
    cloning: Cloning
    """Initialises the policy; 0 steps leave it random, as in the paper's experiments."""
