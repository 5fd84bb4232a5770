"""Occupancy measures: how often, discounted, a policy takes an action in a state (Ho & Ermon 2016, section 3)."""

import numpy as np

from gailpipe.theory.mdp import Array, Mdp


def occupancy_of(mdp: Mdp, policies: Array) -> Array:
    """Return ρ_π(s, a) = π(a|s) Σₜ γᵗ P(sₜ = s | π), which sums to 1 / (1 − γ).

    The visits d solve d(s′) = p₀(s′) + γ Σ P(s′|s, a) π(a|s) d(s).

    Args:
        mdp: Where the policies act.
        policies: (..., num_states, num_actions).

    Returns:
        Same shape.
    """
    steps = np.einsum("...sa,sat->...ts", policies, mdp.transitions)
    visits = np.linalg.solve(np.eye(mdp.num_states) - mdp.discount * steps, mdp.initial[:, None])
    return visits * policies


def policy_of(occupancy: Array) -> Array:
    """Return π(a|s) = ρ(s, a) / Σₐ ρ(s, a), the only policy with that occupancy (Syed et al. 2008, theorem 2).

    It is uniform in states that are never visited, where ρ tells nothing.

    Args:
        occupancy: (..., num_states, num_actions).

    Returns:
        Same shape.
    """
    visits = occupancy.sum(-1, keepdims=True)
    uniform = np.full_like(occupancy, 1 / occupancy.shape[-1])
    return np.divide(occupancy, visits, out=uniform, where=visits > 0)


def flow_residual(mdp: Mdp, occupancy: Array) -> Array:
    """Return what a measure lacks to be an occupancy, (..., num_states): 0 everywhere if it is one.

    The Bellman flow constraints (Ho & Ermon 2016, section 3; proposition 3.1) say that what leaves a state is what has
    come there: Σₐ ρ(s, a) = p₀(s) + γ Σ P(s|s′, a) ρ(s′, a).
    """
    arrives = mdp.initial + mdp.discount * np.einsum("...sa,sat->...t", occupancy, mdp.transitions)
    return occupancy.sum(-1) - arrives


def total_variation(one: Array, other: Array) -> Array:
    """Return half the ℓ₁ distance, (...), of two measures (..., num_states, num_actions) scaled to mass 1."""
    difference = one / one.sum((-2, -1), keepdims=True) - other / other.sum((-2, -1), keepdims=True)
    return np.abs(difference).sum((-2, -1)) / 2


def expected_cost(occupancy: Array, cost: Array) -> Array:
    """Return E_π[Σₜ γᵗ c(sₜ, aₜ)] = Σ ρ(s, a) c(s, a), (...)."""
    return (occupancy * cost).sum((-2, -1))
