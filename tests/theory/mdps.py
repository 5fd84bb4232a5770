"""MDPs for tests: small random ones, and the gridworld with its expert."""

import numpy as np

from gailpipe.theory.control import soft_policy
from gailpipe.theory.gridworld import Gridworld, make_gridworld
from gailpipe.theory.mdp import Array, Mdp, random_mdp, random_policy
from gailpipe.theory.occupancy import occupancy_of

SEEDS = range(5)
DISCOUNT = 0.9


def generator(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def random_one(seed: int) -> tuple[Mdp, Array, Array]:
    """Return a random MDP, and two random policies, (5, 3), in it."""
    rng = generator(seed)
    mdp = random_mdp(5, 3, DISCOUNT, rng)
    return mdp, random_policy(mdp, rng), random_policy(mdp, rng)


def grid_with_expert(size: int = 4) -> tuple[Gridworld, Array]:
    """Return a gridworld, and its expert's occupancy, (size², 4)."""
    grid = make_gridworld(size, 0.1, DISCOUNT)
    return grid, occupancy_of(grid.mdp, soft_policy(grid.mdp, grid.cost, 1.0))


def loop(discount: float = 0.5) -> Mdp:
    """Return two states, from the first of which action 0 stays and action 1 leaves; nothing leaves the second."""
    transitions = np.array([[[1.0, 0.0], [0.0, 1.0]], [[0.0, 1.0], [0.0, 1.0]]])
    return Mdp(transitions, np.array([1.0, 0.0]), discount)
