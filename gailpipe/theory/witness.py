"""An independent witness: the paper's convex programs as they are written, in a conic solver (CVXPY, Clarabel)."""

from collections.abc import Callable
from dataclasses import dataclass

import cvxpy as cp
import numpy as np

from gailpipe.theory.mdp import Array, Mdp
from gailpipe.theory.regularizers import Quadratic, Regularizer, Simplex, UnitBall

TOLERANCES = {"tol_gap_abs": 1e-10, "tol_gap_rel": 1e-10, "tol_feas": 1e-10}


@dataclass(frozen=True, eq=False)
class Solution:
    value: float
    occupancy: Array  # (num_states, num_actions)


def solve_linear(mdp: Mdp, expert: Array, features: Array, regularizer: Regularizer, temperature: float) -> Solution:
    """Minimise −τ H̄(ρ) + ψ*(E_ρ[f] − E_E[f]) over occupancy measures (Ho & Ermon 2016, proposition 3.2).

    Args:
        mdp: Where to act.
        expert: ρ_E, (num_states, num_actions).
        features: (num_states, num_actions, num_features).
        regularizer: ψ.
        temperature: τ.
    """
    flat = features.reshape(expert.size, -1)

    def conjugate(occupancy: cp.Expression) -> cp.Expression:
        gap = flat.T @ (cp.vec(occupancy, order="C") - expert.ravel())
        match regularizer:
            case Quadratic(strength):
                return cp.sum_squares(gap) / (2 * strength)
            case UnitBall():
                return cp.norm(gap, 2)
            case Simplex():
                return cp.max(gap)
        raise TypeError(f"{regularizer}: has no conjugate here")

    return _minimize(mdp, temperature, conjugate)


def solve_adversarial(mdp: Mdp, expert: Array, entropy_weight: float) -> Solution:
    """Minimise −λ H̄(ρ) + D_JS(ρ, ρ_E) over occupancy measures (equation 15)."""

    def divergence(occupancy: cp.Expression) -> cp.Expression:
        middle = (occupancy + expert) / 2
        return cp.sum(cp.rel_entr(occupancy, middle)) + cp.sum(cp.rel_entr(expert, middle))

    return _minimize(mdp, entropy_weight, divergence)


def ga_conjugate_by_definition(occupancy: Array, expert: Array) -> float:
    """Maximise Σ (ρ_π − ρ_E) c − ψ_GA(c) over costs c < 0, with ψ_GA as equation 13 has it.

    ψ_GA(c) = E_E[g(c)] with g(x) = −x − log(1 − eˣ).
    """
    cost, rest = cp.Variable(expert.shape), cp.Variable(expert.shape)  # the rest is 1 − exp(c)
    regularizer = cp.sum(cp.multiply(expert, -cost - cp.log(rest)))
    conjugate = cp.sum(cp.multiply(occupancy - expert, cost)) - regularizer
    problem = cp.Problem(cp.Maximize(conjugate), [cp.exp(cost) + rest <= 1])
    return float(problem.solve(cp.CLARABEL))


def _minimize(mdp: Mdp, temperature: float, conjugate: Callable[[cp.Expression], cp.Expression]) -> Solution:
    occupancy = cp.Variable((mdp.num_states, mdp.num_actions), nonneg=True)
    visits = cp.sum(occupancy, axis=1, keepdims=True)
    negative_entropy = cp.sum(cp.rel_entr(occupancy, visits @ np.ones((1, mdp.num_actions))))
    pairs = mdp.transitions.reshape(-1, mdp.num_states)
    arrives = mdp.initial + mdp.discount * (pairs.T @ cp.vec(occupancy, order="C"))
    flow = [cp.sum(occupancy, axis=1) == arrives]
    problem = cp.Problem(cp.Minimize(temperature * negative_entropy + conjugate(occupancy)), flow)
    value = float(problem.solve(cp.CLARABEL, **TOLERANCES))
    return Solution(value, np.maximum(occupancy.value, 0))
