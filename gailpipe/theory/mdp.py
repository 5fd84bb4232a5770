"""Small Markov decision processes (MDPs), whole: transitions as an array, in double precision."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gailpipe.foundation.errors import UserError

Array = NDArray[np.float64]
ROUNDING = 1e-9
"""How far from 1 probabilities may add up to."""


@dataclass(frozen=True, eq=False)
class Mdp:
    """States and actions are numbered from 0. Nothing ends: a discount stands for the horizon.

    Raises:
        UserError: A probability or the discount is none, or a state can't be reached.
    """

    transitions: Array  # (num_states, num_actions, num_states): P(s′|s, a)
    initial: Array  # (num_states,): p₀(s)
    discount: float  # γ, from 0 and below 1

    def __post_init__(self) -> None:
        if not 0 <= self.discount < 1:
            raise UserError(f"discount: {self.discount}: must be at least 0 and less than 1, or sums over time diverge")
        num_states = len(self.initial)
        if self.transitions.ndim != 3 or self.transitions.shape[::2] != (num_states, num_states):
            shape = f"({num_states}, num_actions, {num_states})"
            raise UserError(f"transitions: have shape {self.transitions.shape}; {num_states} states take {shape}")
        for state, action in np.argwhere(~_distributions(self.transitions)):
            total = self.transitions[state, action].sum()
            place = f"transitions: state {state}, action {action}"
            raise UserError(f"{place}: sum to {total:.6g}; must be probabilities that sum to 1")
        if not _distributions(self.initial):
            raise UserError(f"initial: sums to {self.initial.sum():.6g}; must be probabilities that sum to 1")
        for state in np.flatnonzero(~self._reached()):
            raise UserError(f"state {state}: can't be reached from the initial states; leave it out")

    @property
    def num_states(self) -> int:
        return self.transitions.shape[0]

    @property
    def num_actions(self) -> int:
        return self.transitions.shape[1]

    @property
    def horizon(self) -> float:
        """Return 1 / (1 − γ), in steps, which is the mass of every occupancy measure."""
        return 1 / (1 - self.discount)

    def _reached(self) -> NDArray[np.bool_]:
        """Tell of each state, (num_states,), whether some policy visits it."""
        leads = self.transitions.sum(1) > 0
        reached = self.initial > 0
        for _ in range(self.num_states):
            reached = reached | (reached @ leads)
        return reached


def uniform_policy(mdp: Mdp) -> Array:
    """Return the policy to which all actions are alike, (num_states, num_actions)."""
    return np.full((mdp.num_states, mdp.num_actions), 1 / mdp.num_actions)


def random_mdp(num_states: int, num_actions: int, discount: float, generator: np.random.Generator) -> Mdp:
    """Draw an MDP whose distributions are all uniform on the simplex."""
    transitions = generator.dirichlet(np.ones(num_states), (num_states, num_actions))
    return Mdp(transitions, generator.dirichlet(np.ones(num_states)), discount)


def random_policy(mdp: Mdp, generator: np.random.Generator) -> Array:
    """Draw a policy, (num_states, num_actions), uniformly."""
    return generator.dirichlet(np.ones(mdp.num_actions), mdp.num_states)


def _distributions(rows: Array) -> NDArray[np.bool_]:
    """Tell of each of rows (..., n) whether it is a distribution, (...)."""
    return (rows >= 0).all(-1) & (np.abs(rows.sum(-1) - 1) <= ROUNDING)
