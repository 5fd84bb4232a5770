"""What linear costs can't see: all that a policy may do while its feature expectations are the expert's."""

from typing import Any

import numpy as np
from scipy.optimize import linprog

from gailpipe.theory.mdp import Array, Mdp


def feature_gap(occupancy: Array, expert: Array, features: Array) -> Array:
    """Return E_π[f] − E_E[f], (num_features,): the gradient of IRL's dual."""
    return np.einsum("sa,saf->f", occupancy - expert, features)


def costs_of_matches(mdp: Mdp, expert: Array, features: Array, cost: Array) -> tuple[float, float]:
    """Return the least and the greatest expected cost of all policies with the expert's feature expectations.

    Two linear programs over occupancy measures: both zero gaps and the Bellman flow are linear (proposition 3.1).

    Args:
        mdp: Where to act.
        expert: ρ_E, (num_states, num_actions).
        features: (num_states, num_actions, num_features).
        cost: What is in nobody's features, (num_states, num_actions).
    """
    size = mdp.num_states * mdp.num_actions
    leaves = np.repeat(np.eye(mdp.num_states), mdp.num_actions, axis=1)  # (num_states, size)
    flow = leaves - mdp.discount * mdp.transitions.reshape(size, mdp.num_states).T
    of_features = features.reshape(size, -1).T
    constraints = np.concatenate([flow, of_features])
    values = np.concatenate([mdp.initial, of_features @ expert.ravel()])
    ends: list[Any] = [linprog(sign * cost.ravel(), A_eq=constraints, b_eq=values).fun for sign in (1, -1)]
    return ends[0], -ends[1]
