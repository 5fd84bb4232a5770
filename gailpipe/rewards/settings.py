"""Settings of rewards that are made from demonstrations."""

from typing import Annotated, Literal

from pydantic import Field, PositiveInt

from gailpipe.foundation.params import NonNegativeFloat, PositiveFloat, Section
from gailpipe.training.settings import Imitator


class RewardedImitator(Imitator):
    """Whoever learns by reinforcement, from a reward that is made from demonstrations."""

    episodes_end_on_success: bool | Literal["auto"]
    """Decides the reward's sign: never positive where an episode ends on success, never negative elsewhere.

    `auto` takes ends for success where most trajectories of the demonstrations' file end before the time limit.
    """

    @property
    def pays_for_ends(self) -> bool:
        """Return whether the reward is never positive; `auto` has to be decided before (`imitation.learn`)."""
        assert self.episodes_end_on_success != "auto"
        return self.episodes_end_on_success


class DiscriminatorFit(Section):
    """What the discriminator is, how it follows the policy, and what keeps it from winning."""

    form: Literal["pairs", "shaped", "shaped_states"]
    """D of state-action pairs, as GAIL's, or AIRL's f = g + γ h(s′) − h(s), whose reward g judges pairs or states."""
    hidden_sizes: Annotated[list[PositiveInt], Field(min_length=1)]
    """Of each of its networks."""
    activation: Literal["tanh", "relu"]
    """Of its hidden layers."""
    spectral_norm: bool
    """Whether each layer's greatest singular value is 1, so that no output changes faster than its network's input."""
    learning_rate: PositiveFloat
    steps: PositiveInt
    """Of Adam, for each batch of the policy. Too few for its learning rate, and it lags behind; both swing."""
    batch_size: PositiveInt
    """Pairs of the policy, and of the expert, in a step; all of them where there are fewer."""
    gradient_penalty: NonNegativeFloat
    """Weight of the penalty on logits steeper than 1."""
    entropy_bonus: NonNegativeFloat
    """Weight of the reward for being undecided."""


class Adversarial(Section):
    """Whoever learns from a discriminator's judgement."""

    observations_only: bool
    """Whether it judges (s, s′) in place of (s, a), and looks at no action."""
    discriminator: DiscriminatorFit

    @property
    def shaped(self) -> bool:
        """Whether it is AIRL's."""
        return self.discriminator.form != "pairs"

    @property
    def judges_next_observations(self) -> bool:
        return self.shaped or self.observations_only
