"""Settings of the expert."""

from gailpipe.foundation.params import NonNegativeFloat, PositiveFraction
from gailpipe.rl.settings import Training


class Expert(Training):
    """TRPO on the environment's reward."""

    exploration_bonus: NonNegativeFloat
    """Weight of the reward for going where the policy has seldom been; a task whose reward is sparse needs it."""
    noise_kept: PositiveFraction
    """Share of the standard deviation of its actions that a continuous policy keeps once it is trained."""
