"""What GAIL's discriminator lowers."""

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, softplus

from gailpipe.algorithms.gail.settings import DiscriminatorFit
from gailpipe.rewards.discriminator import Discriminator


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
