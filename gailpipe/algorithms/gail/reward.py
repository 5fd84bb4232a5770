"""GAIL's reward: a discriminator's, and the policy's causal entropy."""

import torch
from torch import Tensor

from gailpipe.algorithms.gail.settings import Gail
from gailpipe.demonstrations.demonstrations import Demonstrations
from gailpipe.policies.policy import Policy
from gailpipe.rewards.adversarial import AdversarialReward
from gailpipe.training.transitions import Transitions


class GailReward(AdversarialReward):
    """The reward of generative adversarial imitation (Ho & Ermon 2016, algorithm 1), as the policy's loop uses it."""

    def __init__(
        self, policy: Policy, demonstrations: Demonstrations, settings: Gail, generator: torch.Generator
    ) -> None:
        super().__init__(policy, demonstrations, settings, settings.pays_for_ends, settings.discount, True, generator)
        self._causal_entropy = settings.causal_entropy

    @torch.no_grad()
    def __call__(self, transitions: Transitions) -> Tensor:
        """Return what the discriminator pays, less λ log π; (...)."""
        rewards = super().__call__(transitions)
        if self._causal_entropy:
            distribution = self._policy.distribution(transitions.observations)
            rewards = rewards - self._causal_entropy * distribution.log_prob(transitions.actions)
        return rewards
