"""How far apart two occupancy measures are, and the plane in which they are drawn."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist, pdist

from gailpipe.policies.normalizer import LEAST_STD, ROUNDING


@dataclass(frozen=True)
class Plane:
    """The two leading principal directions of states, which it standardises first."""

    mean: NDArray  # (observation_dim,)
    std: NDArray  # (observation_dim,)
    directions: NDArray  # (2, observation_dim), orthonormal; the second is 0 where there is but one

    def standardise(self, states: NDArray) -> NDArray:
        return (states - self.mean) / self.std

    def coordinates(self, states: NDArray) -> NDArray:
        """Return where states (count, observation_dim) lie in the plane, (count, 2)."""
        return self.standardise(states) @ self.directions.T

    def states(self, coordinates: NDArray) -> NDArray:
        """Return the states in the plane at coordinates (..., 2); all else is the mean."""
        return self.mean + coordinates @ self.directions * self.std


def principal_plane(states: NDArray) -> Plane:
    """Return the plane of states (count, observation_dim); what does not vary in them is left alone."""
    mean, std = states.mean(0, dtype=float), states.std(0, dtype=float)
    std = np.where(std > np.maximum(LEAST_STD, ROUNDING * np.finfo(states.dtype).eps * np.abs(mean)), std, 1.0)
    *_, directions = np.linalg.svd((states - mean) / std, full_matrices=False)
    directions = np.concatenate([directions, np.zeros((1, states.shape[1]))])[:2]
    signs = np.sign(directions[np.arange(2), np.abs(directions).argmax(1)])  # else they are the library's choice
    return Plane(mean, std, directions * signs[:, np.newaxis])


def inhomogeneity(one: NDArray, other: NDArray) -> float:
    """Return the energy coefficient of inhomogeneity of two samples, (count, dim) each: about 0, alike, to 1.

    It is the energy distance 2 E‖X − Y‖ − E‖X − X'‖ − E‖Y − Y'‖ as a share of 2 E‖X − Y‖ (Székely & Rizzo 2013).
    X and X' are different states of a sample (a U-statistic), which leaves the distance without bias, and its share
    with a small one (−0.002 for ten states). Where both samples are alike it may fall below 0. A sample of one state
    counts as without spread.
    """
    between = 2 * cdist(one, other).mean()
    within = _mean_distance(one) + _mean_distance(other)
    return float((between - within) / between) if between > 0 else 0.0


def _mean_distance(states: NDArray) -> float:
    """Return the mean distance of two different states of (count, dim)."""
    return float(pdist(states).mean()) if len(states) > 1 else 0.0
