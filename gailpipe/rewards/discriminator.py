"""The discriminator D(s, a): a classifier whose logit is positive where a pair looks like the expert's."""

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from gailpipe.foundation.errors import UserError
from gailpipe.policies.networks import mlp
from gailpipe.policies.normalizer import Normalizer
from gailpipe.policies.policy import Policy
from gailpipe.policies.tensor_file import hidden_sizes_of, read_tensors, tensor_bytes


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


def discriminator_bytes(discriminator: Discriminator) -> bytes:
    """Return the content of a file of `discriminator`, without its normaliser, which is the policy's."""
    return tensor_bytes(discriminator.network.state_dict(), {"hidden_sizes": discriminator.hidden_sizes})


def load_discriminator(path: Path, policy: Policy) -> Discriminator:
    """Read the discriminator that `policy` was trained with.

    Raises:
        UserError: The file is missing, damaged, or none of a discriminator that fits the policy.
    """
    tensors, description = read_tensors(path)
    try:
        hidden_sizes = hidden_sizes_of(description)
        discriminator = Discriminator(policy.normalizer, policy.encoded_dim, hidden_sizes, torch.Generator())
        discriminator.network.load_state_dict(tensors)
    except (ValueError, RuntimeError) as error:
        raise UserError(f"{path}: is no discriminator of a policy for {policy.environment.name}") from error
    return discriminator
