"""Trust-region policy optimisation (Schulman et al. 2015)."""

import torch
from torch import Tensor
from torch.distributions import kl_divergence

from gailpipe.policies.policy import Policy
from gailpipe.rl.on_policy.trust_region import trust_region_step


def trpo_step(
    policy: Policy,
    observations: Tensor,
    actions: Tensor,
    advantages: Tensor,
    max_kl: float,
    damping: float,
    fisher_fraction: float,
    generator: torch.Generator,
) -> dict[str, float]:
    """Raise the surrogate E[π(a|s) / π_old(a|s) · A] while the mean KL(π_old ‖ π) stays within `max_kl`.

    Args:
        policy: Moved in place; it must be the one that acted.
        observations: (batch, observation_dim).
        actions: (batch, action_dim) or (batch,).
        advantages: (batch,); standardised here.
        max_kl: The trust region's radius.
        damping: Added to the diagonal of the Fisher matrix.
        fisher_fraction: The share of the batch that the Fisher-vector products use.
        generator: Draws that share.

    Returns:
        The KL of the step, the share of the proposed step that was taken, and the policy's entropy before it.
    """
    advantages = (advantages - advantages.mean()) / (advantages.std(unbiased=False) + 1e-8)
    share = round(len(observations) * fisher_fraction)
    some = observations[torch.randperm(len(observations), generator=generator)[: max(1, share)]]
    old = policy.distribution(observations)
    log_probs = old.log_prob(actions)
    old_log_probs = log_probs.detach()
    with torch.no_grad():
        old_of_some, entropy = policy.distribution(some), float(old.entropy().mean())

    def surrogate_loss(log_probs: Tensor) -> Tensor:
        return -((log_probs - old_log_probs).exp() * advantages).mean()

    def surrogate_loss_and_kl() -> tuple[Tensor, Tensor]:
        new = policy.distribution(observations)
        return surrogate_loss(new.log_prob(actions)), kl_divergence(old, new).mean()

    step = trust_region_step(
        list(policy.parameters()),
        surrogate_loss(log_probs),
        surrogate_loss_and_kl,
        curvature=kl_divergence(old_of_some, policy.distribution(some)).mean(),
        max_distance=max_kl,
        damping=damping,
    )
    return {"kl": step.distance, "step_fraction": step.step_fraction, "entropy": entropy}
