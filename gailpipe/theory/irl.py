"""Maximum causal entropy inverse reinforcement learning (IRL), by dual ascent (Ho & Ermon 2016, proposition 3.2)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from math import sqrt

import numpy as np

from gailpipe.theory.control import soft_policy, soft_values
from gailpipe.theory.entropy import entropy_of_occupancy
from gailpipe.theory.linear import feature_gap
from gailpipe.theory.mdp import Array, Mdp
from gailpipe.theory.occupancy import expected_cost, occupancy_of
from gailpipe.theory.regularizers import Regularizer

GROWTH, SHRINKAGE = 1.2, 0.5  # of the step of ascent, after one that was taken, and before the next trial
ROUNDING = 1e-13  # of the dual, relative to values


@dataclass(frozen=True, eq=False)
class Imitation:
    """What IRL, and then RL, make of an expert, and how the two programs approached each other."""

    weights: Array  # (num_features,): of the recovered cost
    cost: Array  # (num_states, num_actions)
    policy: Array  # same shape
    occupancy: Array  # same shape
    primal: Sequence[float]  # of each step: −τ H(π) + ψ*(ρ_π − ρ_E), with the policy of its cost
    dual: Sequence[float]  # of each step: −ψ(c) + min_π (−τ H(π) + E_π[c]) − E_E[c]

    @property
    def gaps(self) -> Array:
        """Return the duality gap of each step, (num_steps,), which is never negative, and 0 at the solution alone."""
        return np.array(self.primal) - np.array(self.dual)


@dataclass(frozen=True, eq=False)
class _Point:
    """A dual point, and the policy that is optimal for its cost."""

    weights: Array
    cost: Array
    values: Array
    policy: Array
    occupancy: Array
    gap: Array  # (num_features,): E_π[f] − E_E[f], the gradient of the dual but for ψ
    smooth: float  # the dual but for ψ


Solve = Callable[[Array, Array | None], _Point]
"""Solves the reinforcement learning inside, for weights, from values near those sought."""


def recover_cost(
    mdp: Mdp,
    expert: Array,
    features: Array,
    regularizer: Regularizer,
    temperature: float,
    tolerance: float,
    max_steps: int = 20000,
) -> Imitation:
    """Find IRL_ψ(π_E) and RL of it: the saddle point of E_π[c] − E_E[c] − τ H(π) − ψ(c).

    IRL maximises the dual, a concave function of the cost. Each step solves the reinforcement learning inside exactly,
    goes along the gradient E_π[f] − E_E[f], and then takes the proximal step of ψ, with momentum (Beck & Teboulle
    2009; O'Donoghue & Candès 2015). Its policy is feasible for the primal program, min −τ H(π) + ψ*(ρ_π − ρ_E), so the
    difference of both proves how near the solution is.

    Args:
        mdp: Where to act.
        expert: ρ_E, (num_states, num_actions).
        features: Whose weights are sought, (num_states, num_actions, num_features).
        regularizer: ψ.
        temperature: τ.
        tolerance: The duality gap to end at.
        max_steps: To end after in any case.
    """
    start = regularizer.proximal(np.zeros(features.shape[-1]), 1.0)
    solve = partial(_solve, mdp, expert, features, temperature)
    point = ahead = solve(start, None)
    length, momentum = 1.0, 1.0
    primal: list[float] = []
    dual: list[float] = []
    while True:
        primal.append(-temperature * float(entropy_of_occupancy(point.occupancy)) + regularizer.conjugate(point.gap))
        dual.append(point.smooth - regularizer(point.weights))
        if primal[-1] - dual[-1] < tolerance or len(dual) == max_steps:
            return Imitation(point.weights, point.cost, point.policy, point.occupancy, primal, dual)
        last, (point, length) = point, _ascend(ahead, solve, regularizer, GROWTH * length)
        moved = point.weights - last.weights
        if moved @ (ahead.weights - point.weights) > 0:  # the momentum no longer points uphill
            momentum = 1.0
        previous, momentum = momentum, (1 + sqrt(1 + 4 * momentum**2)) / 2
        ahead = solve(point.weights + (previous - 1) / momentum * moved, point.values)


def _ascend(point: _Point, solve: Solve, regularizer: Regularizer, length: float) -> tuple[_Point, float]:
    """Take a proximal gradient step that is short enough for the dual to rise; return where it ends, and its length."""
    rounding = ROUNDING * (1 + np.abs(point.values).max())
    while True:
        weights = regularizer.proximal(point.weights + length * point.gap, length)
        moved = weights - point.weights
        trial = solve(weights, point.values)
        if trial.smooth >= point.smooth + point.gap @ moved - moved @ moved / (2 * length) - rounding:
            return trial, length
        length *= SHRINKAGE


def _solve(mdp: Mdp, expert: Array, features: Array, temperature: float, weights: Array, near: Array | None) -> _Point:
    cost = features @ weights
    values = soft_values(mdp, cost, temperature, near)
    policy = soft_policy(mdp, cost, temperature, values)
    occupancy = occupancy_of(mdp, policy)
    gap = feature_gap(occupancy, expert, features)
    smooth = float(mdp.initial @ values - expected_cost(expert, cost))
    return _Point(weights, cost, values, policy, occupancy, gap, smooth)


def each_pair(mdp: Mdp) -> Array:
    """Return features of which each marks one pair, (num_states, num_actions, num_states × num_actions).

    With them the weights are the cost itself, and every cost is in the class.
    """
    shape = mdp.num_states, mdp.num_actions
    return np.eye(mdp.num_states * mdp.num_actions).reshape(*shape, -1)
