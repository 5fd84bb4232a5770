"""Convex regularisers ψ of cost functions, and their conjugates ψ*: what tells one imitation algorithm from another.

A cost is linear in features, c = Σ wᵢ fᵢ, and ψ is a function of the weights w, (num_features,). Its conjugate is one
of the gap of feature expectations, E_π[f] − E_E[f], same shape.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from gailpipe.theory.mdp import Array


class Regularizer(Protocol):
    def __call__(self, weights: Array) -> float:
        """Return ψ(w), which is finite."""
        ...

    def conjugate(self, gap: Array) -> float:
        """Return ψ*(gap) = max over w of gap · w − ψ(w)."""
        ...

    def proximal(self, weights: Array, step: float) -> Array:
        """Return the w′ that minimises ψ(w′) + ‖w′ − w‖² / (2 step), same shape."""
        ...


@dataclass(frozen=True)
class Quadratic:
    """ψ(w) = α ‖w‖² / 2: the smaller α, the nearer to the constant ψ of corollary 3.2.1."""

    strength: float
    """α."""

    def __call__(self, weights: Array) -> float:
        return self.strength * float(weights @ weights) / 2

    def conjugate(self, gap: Array) -> float:
        return float(gap @ gap) / (2 * self.strength)

    def proximal(self, weights: Array, step: float) -> Array:
        return weights / (1 + step * self.strength)


class UnitBall:
    """ψ is 0 where ‖w‖₂ ≤ 1 and infinite elsewhere: FEM (Abbeel & Ng 2004; Ho & Ermon 2016, section 4)."""

    def __call__(self, weights: Array) -> float:
        return 0.0

    def conjugate(self, gap: Array) -> float:
        return float(np.linalg.norm(gap))

    def proximal(self, weights: Array, step: float) -> Array:
        return weights / max(1.0, float(np.linalg.norm(weights)))


class Simplex:
    """ψ is 0 where w ≥ 0 and Σ w = 1, and infinite elsewhere: GTAL (Syed & Schapire 2007; Ho & Ermon 2016, section 4).

    The features are costs, of which the unknown one is thought to be a mixture.
    """

    def __call__(self, weights: Array) -> float:
        return 0.0

    def conjugate(self, gap: Array) -> float:
        return float(gap.max())

    def proximal(self, weights: Array, step: float) -> Array:
        """Project on the simplex (Duchi et al. 2008, figure 1)."""
        descending = np.sort(weights)[::-1]
        excess = (descending.cumsum() - 1) / np.arange(1, len(weights) + 1)
        return np.maximum(weights - excess[np.flatnonzero(descending > excess)[-1]], 0)
