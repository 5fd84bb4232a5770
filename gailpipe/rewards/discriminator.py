"""The discriminator D(s, a): a classifier whose logit is positive where a pair looks like the expert's."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import logsigmoid, softplus

from gailpipe.policies.networks import mlp
from gailpipe.policies.normalizer import Normalizer


class Discriminator(nn.Module):
    """D = sigmoid(logits). Observations are raw, actions encoded (`Policy.encode_actions`).

    Args:
        normalizer: Standardises observations; the policy's, which files and checkpoints hold.
        encoded_dim: Length of an encoded action.
        hidden_sizes: Of the network.
        generator: Draws the first weights.
    """

    def __init__(
        self,
        normalizer: Normalizer,
        encoded_dim: int,
        hidden_sizes: Sequence[int],
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        self._normalizer = normalizer
        self.hidden_sizes = list(hidden_sizes)
        self.network = mlp(len(normalizer.mean) + encoded_dim, hidden_sizes, 1, generator)

    def forward(self, observations: Tensor, actions: Tensor) -> Tensor:
        """Return logits, shape (...), of observations (..., observation_dim) and actions (..., encoded_dim)."""
        return self.logits(self.inputs(observations, actions))

    def inputs(self, observations: Tensor, actions: Tensor) -> Tensor:
        """Return what the network sees: standardised observations beside actions, (..., input_dim)."""
        return torch.cat([self._normalizer(observations), actions], -1)

    def logits(self, inputs: Tensor) -> Tensor:
        """Return the logits, shape (...), of inputs (..., input_dim)."""
        return self.network(inputs).squeeze(-1)


def imitation_reward(logits: Tensor, episodes_end_on_success: bool) -> Tensor:
    """Return the reward of pairs with these logits, same shape.

    A reward that is never positive, log D, makes a policy end its episodes, and one that is never negative,
    −log(1 − D), makes it live on: so the sign must suit what an episode's end means in the environment.
    """
    return logsigmoid(logits) if episodes_end_on_success else softplus(logits)
