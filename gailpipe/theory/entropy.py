"""The γ-discounted causal entropy of policies, and of occupancy measures (Ho & Ermon 2016, section 3.1), in nats."""

import numpy as np
from scipy.special import rel_entr, xlogy

from gailpipe.theory.mdp import Array, Mdp


def entropy_of_policy(mdp: Mdp, policy: Array) -> float:
    """Return H(π) = E_π[Σₜ −γᵗ log π(aₜ|sₜ)], step by step: as a value whose reward is the entropy of π(·|s)."""
    steps = np.einsum("sa,sat->st", policy, mdp.transitions)
    rewards = -xlogy(policy, policy).sum(-1)
    values = np.linalg.solve(np.eye(mdp.num_states) - mdp.discount * steps, rewards)
    return float(mdp.initial @ values)


def entropy_of_occupancy(occupancy: Array) -> Array:
    """Return H̄(ρ) = −Σ ρ(s, a) log(ρ(s, a) / Σₐ ρ(s, a)), (...), of measures (..., num_states, num_actions).

    It is concave, and H̄(ρ_π) = H(π) (lemma 3.1).
    """
    return -rel_entr(occupancy, np.broadcast_to(occupancy.sum(-1, keepdims=True), occupancy.shape)).sum((-2, -1))


def causal_divergence(occupancy: Array, policy: Array, other: Array) -> Array:
    """Return Σ ρ(s, a) log(π(a|s) / π′(a|s)), (...): the Bregman divergence of −H̄, from π′ to π.

    Args:
        occupancy: ρ_π, (..., num_states, num_actions).
        policy: π, same shape.
        other: π′, same shape.
    """
    return (occupancy.sum(-1) * rel_entr(policy, other).sum(-1)).sum(-1)
