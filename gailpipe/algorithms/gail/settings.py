"""Settings of GAIL."""

from typing import Self

from pydantic import model_validator

from gailpipe.algorithms.bc.settings import Cloning
from gailpipe.foundation.params import NonNegativeFloat
from gailpipe.rewards.settings import Adversarial
from gailpipe.rl.on_policy.settings import Imitation


class Gail(Imitation, Adversarial):
    """Generative adversarial imitation learning: TRPO on the reward that a discriminator learns."""

    causal_entropy: NonNegativeFloat
    """λ: the reward has −λ log π(a|s) added."""
    cloning: Cloning
    """Initialises the policy; 0 steps leave it random, as in the paper's experiments."""

    @model_validator(mode="after")
    def _clones_no_action_that_it_must_not_look_at(self) -> Self:
        if self.observations_only and self.cloning.steps:
            raise ValueError(f"cloning.steps is {self.cloning.steps}, but observations_only looks at no action; set 0")
        return self
