"""The discriminator D(s, a): a classifier whose logit is positive where a pair looks like the expert's."""

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, softplus

from gailpipe.foundation.errors import UserError
from gailpipe.params.gail import DiscriminatorFit
from gailpipe.policies.networks import mlp
from gailpipe.policies.normalizer import Normalizer
from gailpipe.policies.policy import Policy
from gailpipe.policies.tensor_file import read_tensors, tensor_bytes


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
        hidden_sizes = description["hidden_sizes"]
        discriminator = Discriminator(policy.normalizer, policy.encoded_dim, hidden_sizes, torch.Generator())
        discriminator.network.load_state_dict(tensors)
    except (KeyError, RuntimeError) as error:
        raise UserError(f"{path}: is no discriminator of a policy for {policy.task.name}") from error
    return discriminator


def discriminator_loss(
    discriminator: Discriminator, expert: Tensor, policy: Tensor, settings: DiscriminatorFit, generator: torch.Generator
) -> Tensor:
    """Return what the discriminator lowers: cross-entropy, less an entropy bonus, plus a gradient penalty.

    Args:
        discriminator: D → 1 on expert pairs; the D of the paper's equation 17 is 1 − this one.
        expert: Inputs of expert pairs, (num_expert, input_dim); they weigh as much as the policy's, however few.
        policy: Inputs of the policy's pairs, (num_policy, input_dim).
        settings: `entropy_bonus` and `gradient_penalty`.
        generator: Draws the points of the gradient penalty.
    """
    expert_logits, policy_logits = discriminator.logits(expert), discriminator.logits(policy)
    loss = softplus(-expert_logits).mean() + softplus(policy_logits).mean()
    if settings.entropy_bonus:
        entropy = (bernoulli_entropy(expert_logits).mean() + bernoulli_entropy(policy_logits).mean()) / 2
        loss = loss - settings.entropy_bonus * entropy
    if settings.gradient_penalty:
        partners = expert[torch.randint(len(expert), (len(policy),), generator=generator)]
        share = torch.rand(len(policy), 1, generator=generator)
        between = share * partners + (1 - share) * policy
        loss = loss + settings.gradient_penalty * gradient_penalty(discriminator, between)
    return loss


def bernoulli_entropy(logits: Tensor) -> Tensor:
    """Return the entropy in nats of Bernoulli(sigmoid(logits)), same shape."""
    return binary_cross_entropy_with_logits(logits, torch.sigmoid(logits), reduction="none")


def gradient_penalty(discriminator: Discriminator, inputs: Tensor) -> Tensor:
    """Return the mean of max(0, ‖∇ logit‖ − 1)² over inputs (batch, input_dim).

    The one-sided penalty of Gulrajani et al. (2017, section 4): where the policy matches the expert the logits may
    be flat. Their two-sided one asks for slope 1 there too, and so goes on rewarding differences that mean nothing.
    """
    inputs = inputs.detach().requires_grad_()
    (gradients,) = torch.autograd.grad(discriminator.logits(inputs).sum(), inputs, create_graph=True)
    return (gradients.norm(dim=-1) - 1).relu().square().mean()
