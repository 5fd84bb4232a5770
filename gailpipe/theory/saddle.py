"""GAIL without samples: ψ_GA, its discriminator and its saddle point (Ho & Ermon 2016, section 5 and appendix A).

D is the paper's here: near 1 on the policy's pairs. All functions take measures (..., num_states, num_actions).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log

import numpy as np
from scipy.special import log_softmax, rel_entr, xlogy

from gailpipe.theory.control import action_values, soft_values
from gailpipe.theory.entropy import entropy_of_occupancy
from gailpipe.theory.mdp import Array, Mdp, uniform_policy
from gailpipe.theory.occupancy import expected_cost, occupancy_of

GROWTH, SHRINKAGE = 1.5, 0.5  # of a policy's step, after one that lowered the objective, and after one that did not


@dataclass(frozen=True, eq=False)
class Saddle:
    """Policies that face their optimal discriminators, and how they came there."""

    policies: Array  # (..., num_states, num_actions)
    occupancies: Array  # same shape
    discriminators: Array  # same shape
    objectives: Sequence[Array]  # of each step, (...): ψ*_GA(ρ_π − ρ_E) − λ H(π)
    indecision: Sequence[Array]  # of each step, (...): max |D(s, a) − 1/2|
    gaps: Sequence[float]  # of each step: max over D less min over π, if that was asked for


def optimal_discriminator(occupancy: Array, expert: Array) -> Array:
    """Return D = ρ_π / (ρ_π + ρ_E), same shape, which attains ψ*_GA (appendix A.2); 1/2 where both are 0."""
    total = occupancy + expert
    return np.divide(occupancy, total, out=np.full_like(total, 0.5), where=total > 0)


def adversarial_value(occupancy: Array, expert: Array, discriminator: Array) -> Array:
    """Return E_π[log D] + E_E[log(1 − D)], (...): what a discriminator maximises (equation 14)."""
    return (xlogy(occupancy, discriminator) + xlogy(expert, 1 - discriminator)).sum((-2, -1))


def jensen_shannon(occupancy: Array, expert: Array) -> Array:
    """Return D_JS = KL(ρ_π ‖ m) + KL(ρ_E ‖ m), (...), with m the mean of both, in nats (equation 15)."""
    middle = (occupancy + expert) / 2
    return (rel_entr(occupancy, middle) + rel_entr(expert, middle)).sum((-2, -1))


def ga_conjugate(mdp: Mdp, occupancy: Array, expert: Array) -> Array:
    """Return ψ*_GA(ρ_π − ρ_E) = D_JS(ρ_π, ρ_E) − 2 log 2 / (1 − γ), (...) (corollary A.1.1)."""
    return jensen_shannon(occupancy, expert) - 2 * log(2) * mdp.horizon


def find_saddle(mdp: Mdp, experts: Array, entropy_weight: float, num_steps: int, *, certify: bool = False) -> Saddle:
    """Find the saddle points of equation 16, each from the uniform policy, by exact alternating steps.

    First the discriminator is the best one. Then the policy takes a natural gradient step on its cost,
    π ← π exp(−η Q) / Z, the one that TRPO approximates (Kakade 2001). η grows while the objective falls.

    Args:
        mdp: Where to act.
        experts: ρ_E of each problem, (..., num_states, num_actions).
        entropy_weight: λ, the weight of the causal entropy.
        num_steps: To take.
        certify: Whether to find the gaps; for a single problem, with λ above 0.
    """
    log_policies = np.log(np.broadcast_to(uniform_policy(mdp), experts.shape))
    occupancies = occupancy_of(mdp, np.exp(log_policies))
    objective = _objective(mdp, occupancies, experts, entropy_weight)
    lengths = np.ones((*experts.shape[:-2], 1, 1))
    objectives, indecision, gaps = [], [], []
    for _ in range(num_steps):
        log_d = _log_discriminator(occupancies, log_policies, experts)
        objectives.append(objective)
        indecision.append(np.abs(np.exp(log_d) - 0.5).max((-2, -1)))
        if certify:
            gaps.append(_saddle_gap(mdp, occupancies, log_d, entropy_weight))
        values = action_values(mdp, np.exp(log_policies), log_d + entropy_weight * log_policies)
        trials = log_softmax(log_policies - lengths * values, -1)
        reached = occupancy_of(mdp, np.exp(trials))
        found = _objective(mdp, reached, experts, entropy_weight)
        falls = (found <= objective)[..., None, None]
        log_policies = np.where(falls, trials, log_policies)
        occupancies = np.where(falls, reached, occupancies)
        objective = np.minimum(found, objective)
        lengths = lengths * np.where(falls, GROWTH, SHRINKAGE)
    discriminators = optimal_discriminator(occupancies, experts)
    return Saddle(np.exp(log_policies), occupancies, discriminators, objectives, indecision, gaps)


def _objective(mdp: Mdp, occupancies: Array, experts: Array, entropy_weight: float) -> Array:
    return ga_conjugate(mdp, occupancies, experts) - entropy_weight * entropy_of_occupancy(occupancies)


def _log_discriminator(occupancies: Array, log_policies: Array, experts: Array) -> Array:
    """Return log D, which is finite even where the policy's probability has become 0 in double precision."""
    log_occupancies = np.log(occupancies.sum(-1, keepdims=True)) + log_policies
    log_experts = np.log(experts, out=np.full_like(experts, -np.inf), where=experts > 0)
    return log_occupancies - np.logaddexp(log_occupancies, log_experts)


def _saddle_gap(mdp: Mdp, occupancy: Array, log_d: Array, entropy_weight: float) -> float:
    """Return by how much the policy could still lower E_π[log D] − λ H(π) against this discriminator."""
    now = expected_cost(occupancy, log_d) - entropy_weight * entropy_of_occupancy(occupancy)
    return float(now - mdp.initial @ soft_values(mdp, log_d, entropy_weight))
