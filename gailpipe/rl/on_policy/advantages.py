"""Advantages and returns of a rollout."""

import torch
from torch import Tensor


def gae(
    rewards: Tensor,
    values: Tensor,
    terminated: Tensor,
    truncated: Tensor,
    discount: float,
    gae_lambda: float,
) -> tuple[Tensor, Tensor]:
    """Generalised advantage estimation (Schulman et al. 2016, eq. 16).

    A truncated episode bootstraps from the value of its last observation, a terminated one does not; the trace stops
    at both.

    Args:
        rewards: (num_steps, num_envs).
        values: (num_steps + 1, num_envs): of the observation before each step, and of the one after the last.
        terminated: (num_steps, num_envs), bool.
        truncated: (num_steps, num_envs), bool.
        discount: γ.
        gae_lambda: λ of the trace.

    Returns:
        Advantages, and λ-returns (advantages + values); both (num_steps, num_envs). Those of resets mean nothing, and
        nothing of a reset reaches another step.
    """
    bootstrap = discount * (~terminated).to(rewards)
    trace = discount * gae_lambda * (~(terminated | truncated)).to(rewards)
    errors = rewards + bootstrap * values[1:] - values[:-1]  # (num_steps, num_envs)
    advantages = torch.empty_like(rewards)
    advantage = torch.zeros_like(rewards[0])
    for step in reversed(range(len(rewards))):
        advantage = errors[step] + trace[step] * advantage
        advantages[step] = advantage
    return advantages, advantages + values[:-1]
