"""Exact reinforcement learning: the policy that minimises a known cost, less its causal entropy."""

import numpy as np
from scipy.special import logsumexp, softmax

from gailpipe.theory.mdp import Array, Mdp

TOLERANCE = 1e-13
"""Of soft values, as a share of the greatest cost over the horizon."""


def soft_values(mdp: Mdp, cost: Array, temperature: float, start: Array | None = None) -> Array:
    """Return V(s) = min E_π[Σ γᵗ (c + τ log π)] from s, (num_states,).

    They solve V(s) = −τ log Σₐ exp(−(c(s, a) + γ E[V(s′)]) / τ) (Ziebart et al. 2010). Soft value iteration, which
    repeats that, takes Newton's steps here: each finds the soft values of the policy that the last values lead to.

    Args:
        mdp: Where to act.
        cost: c, (num_states, num_actions).
        temperature: τ, the weight of the causal entropy.
        start: Values near those sought, (num_states,).
    """
    values = np.zeros(mdp.num_states) if start is None else start
    scale = (np.abs(cost).max() + temperature) * mdp.horizon
    for _ in range(100):
        action_values = cost + mdp.discount * mdp.transitions @ values
        residual = -temperature * logsumexp(-action_values / temperature, axis=-1) - values
        if np.abs(residual).max() < TOLERANCE * scale:
            break
        steps = np.einsum("sa,sat->st", softmax(-action_values / temperature, axis=-1), mdp.transitions)
        values = values + np.linalg.solve(np.eye(mdp.num_states) - mdp.discount * steps, residual)
    return values


def soft_policy(mdp: Mdp, cost: Array, temperature: float, values: Array | None = None) -> Array:
    """Return RL(c) = argmin_π E_π[c] − τ H(π), (num_states, num_actions) (Ho & Ermon 2016, equation 2).

    Args:
        mdp: Where to act.
        cost: c, (num_states, num_actions).
        temperature: τ.
        values: `soft_values` of this cost, if they are known.
    """
    values = soft_values(mdp, cost, temperature) if values is None else values
    return softmax(-(cost + mdp.discount * mdp.transitions @ values) / temperature, axis=-1)


def action_values(mdp: Mdp, policies: Array, costs: Array) -> Array:
    """Return Q_π(s, a) = c(s, a) + γ E[V_π(s′)] of policies and costs, all (..., num_states, num_actions)."""
    steps = np.einsum("...sa,sat->...st", policies, mdp.transitions)
    now = (policies * costs).sum(-1)[..., None]
    values = np.linalg.solve(np.eye(mdp.num_states) - mdp.discount * steps, now)[..., 0]
    return costs + mdp.discount * np.einsum("sat,...t->...sa", mdp.transitions, values)
