"""What discriminators lower."""

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, softplus

from gailpipe.rewards.discriminator import Discriminator


def cross_entropy(expert_logits: Tensor, policy_logits: Tensor, entropy_bonus: float) -> Tensor:
    """Return the cross-entropy of both classes (Ho & Ermon 2016, equation 17), less a bonus for being undecided.

    D → 1 on the expert; the paper's D is 1 − this one.

    Args:
        expert_logits: (num_expert,); they weigh as much as the policy's, however few.
        policy_logits: (num_policy,).
        entropy_bonus: Weight of the mean of both classes' mean entropies.
    """
    loss = softplus(-expert_logits).mean() + softplus(policy_logits).mean()
    if entropy_bonus:
        entropy = (bernoulli_entropy(expert_logits).mean() + bernoulli_entropy(policy_logits).mean()) / 2
        loss = loss - entropy_bonus * entropy
    return loss


def bernoulli_entropy(logits: Tensor) -> Tensor:
    """Return the entropy in nats of Bernoulli(sigmoid(logits)), same shape."""
    return binary_cross_entropy_with_logits(logits, torch.sigmoid(logits), reduction="none")


def points_between(expert: Tensor, policy: Tensor, generator: torch.Generator) -> Tensor:
    """Return a random point between each input of the policy, (num_policy, input_dim), and one of the expert's."""
    partners = expert[torch.randint(len(expert), (len(policy),), generator=generator)]
    share = torch.rand(len(policy), 1, generator=generator)
    return share * partners + (1 - share) * policy


def gradient_penalty(discriminator: Discriminator, inputs: Tensor) -> Tensor:
    """Return the mean of max(0, ‖∇ logit‖ − 1)² over inputs (batch, input_dim).

    The one-sided penalty of Gulrajani et al. (2017, section 4): where the policy matches the expert the logits may
    be flat. Their two-sided one asks for slope 1 there too, and so goes on rewarding differences that mean nothing.
    """
    inputs = inputs.detach().requires_grad_()
    (gradients,) = torch.autograd.grad(discriminator.logits(inputs).sum(), inputs, create_graph=True)
    return (gradients.norm(dim=-1) - 1).relu().square().mean()
