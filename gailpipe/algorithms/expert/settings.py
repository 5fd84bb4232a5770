"""Settings of the expert."""

from gailpipe.foundation.params import NonNegativeFloat, PositiveFraction
from gailpipe.rl.on_policy.settings import Training


class Expert(Training):
    """TRPO on the environment's reward."""

    rnd_bonus: NonNegativeFloat
    """Weight of the RND bonus for going where the policy has seldom been; a sparse reward needs it."""
    noise_kept: PositiveFraction
    """Share of the standard deviation of its actions that a continuous policy keeps once it is trained."""
