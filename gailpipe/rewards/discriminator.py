"""Discriminators: classifiers whose logit is positive where a transition looks like the expert's."""

from abc import ABC, abstractmethod
from enum import Enum
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from gailpipe.policies.encoding import ActionEncoder
from gailpipe.policies.networks import BoundedLinear, mlp
from gailpipe.policies.normalizer import Normalizer
from gailpipe.training.transitions import Transitions

if TYPE_CHECKING:
    from gailpipe.rewards.settings import Adversarial, DiscriminatorFit


class Judged(Enum):
    """What a network judges."""

    PAIRS = "observations and actions"
    STATES = "observations"
    STATE_PAIRS = "observations and next observations"

    @property
    def of_actions(self) -> bool:
        return self is Judged.PAIRS

    @property
    def of_next_observations(self) -> bool:
        return self is Judged.STATE_PAIRS


class View:
    """What networks see of transitions: standardised observations, and encoded actions.

    Args:
        normalizer: The policy's, which files and checkpoints hold.
        encoder: The policy's.
    """

    def __init__(self, normalizer: Normalizer, encoder: ActionEncoder) -> None:
        self.normalizer, self.encoder = normalizer, encoder

    def size(self, judged: Judged) -> int:
        observation_dim = len(self.normalizer.mean)
        beside = {Judged.PAIRS: self.encoder.encoded_dim, Judged.STATES: 0, Judged.STATE_PAIRS: observation_dim}
        return observation_dim + beside[judged]

    def __call__(self, judged: Judged, transitions: Transitions) -> Tensor:
        """Return them beside each other, (..., size)."""
        seen = [self.normalizer(transitions.observations)]
        if judged is Judged.PAIRS:
            seen.append(self.encoder(transitions.actions))
        elif judged is Judged.STATE_PAIRS:
            seen.append(self.normalizer(transitions.next_observations))
        return torch.cat(seen, -1)


class Discriminator(nn.Module, ABC):
    """D = sigmoid(logits)."""

    judged: Judged
    """By the network that outlives the policy as a reward."""
    network: nn.Sequential
    """That network."""
    activation: str
    """Of its hidden layers."""

    def forward(self, transitions: Transitions) -> Tensor:
        """Return the logits, (...), of transitions (...)."""
        return self.logits(self.inputs(transitions))

    @abstractmethod
    def inputs(self, transitions: Transitions) -> Tensor:
        """Return what the networks see, (..., input_dim), of raw observations and a policy's actions."""

    @abstractmethod
    def logits(self, inputs: Tensor) -> Tensor:
        """Return the logits, (...), of inputs (..., input_dim)."""


class PairDiscriminator(Discriminator):
    """D(s, a) (Ho & Ermon 2016), or D(s, s′) of observations alone (Torabi et al. 2019)."""

    def __init__(self, view: View, settings: "Adversarial", generator: torch.Generator) -> None:
        super().__init__()
        self._view = view
        self.judged = Judged.STATE_PAIRS if settings.observations_only else Judged.PAIRS
        self.activation = settings.discriminator.activation
        self.network = _network(view.size(self.judged), settings.discriminator, generator)

    def inputs(self, transitions: Transitions) -> Tensor:
        return self._view(self.judged, transitions)

    def logits(self, inputs: Tensor) -> Tensor:
        return self.network(inputs).squeeze(-1)


class ShapedDiscriminator(Discriminator):
    """AIRL's f(s, a, s′) = g(s, a) + γ h(s′) − h(s), with g of pairs or of states (Fu et al. 2018, equation 4).

    h is 0 after an episode's end; whether one has ended is no slope of f. D is exp f / (exp f + π(a|s)): log π is taken
    off by who knows the policy.
    """

    def __init__(self, view: View, settings: "Adversarial", discount: float, generator: torch.Generator) -> None:
        super().__init__()
        self._view, self._discount = view, discount
        of_states = settings.observations_only or settings.discriminator.form == "shaped_states"
        self.judged = Judged.STATES if of_states else Judged.PAIRS
        self.activation = settings.discriminator.activation
        self.network = _network(view.size(self.judged), settings.discriminator, generator)
        self.potential = _network(view.size(Judged.STATES), settings.discriminator, generator)

    def inputs(self, transitions: Transitions) -> Tensor:
        after = self._view.normalizer(transitions.next_observations)
        goes_on = (~transitions.terminated).to(after).unsqueeze(-1)
        return torch.cat([self._view(self.judged, transitions), after, goes_on], -1)

    def logits(self, inputs: Tensor) -> Tensor:
        dim = self._view.size(Judged.STATES)
        judged, after, goes_on = inputs.split([inputs.shape[-1] - dim - 1, dim, 1], -1)
        before = judged[..., :dim]
        shaping = self._discount * goes_on.detach() * self.potential(after) - self.potential(before)
        return (self.network(judged) + shaping).squeeze(-1)


def make_discriminator(
    view: View, settings: "Adversarial", discount: float, generator: torch.Generator
) -> PairDiscriminator | ShapedDiscriminator:
    if settings.discriminator.form == "pairs":
        return PairDiscriminator(view, settings, generator)
    return ShapedDiscriminator(view, settings, discount, generator)


def _network(input_dim: int, settings: "DiscriminatorFit", generator: torch.Generator) -> nn.Sequential:
    layer = BoundedLinear if settings.spectral_norm else nn.Linear
    return mlp(input_dim, settings.hidden_sizes, 1, generator, layer=layer, activation=settings.activation)
