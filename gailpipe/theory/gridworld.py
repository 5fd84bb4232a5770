"""A gridworld with a swamp in the way, which positions alone don't show."""

from dataclasses import dataclass

import numpy as np

from gailpipe.theory.mdp import Array, Mdp

MOVES = ((-1, 0), (1, 0), (0, -1), (0, 1))  # up, down, left, right: rows count from the top
STEP_COST, SWAMP_COST, GOAL_COST = 1.0, 5.0, -20.0  # of any step, and what the swamp and the goal add


@dataclass(frozen=True, eq=False)
class Gridworld:
    """An MDP of size × size cells, numbered row by row, and the cost that an expert minimises in it.

    The start is the lower left corner, the goal the upper right one. Whoever leaves the goal starts anew. The swamp
    fills the middle.
    """

    mdp: Mdp
    size: int
    swamp: Array  # (num_states,): 1 in the swamp, 0 elsewhere
    cost: Array  # (num_states, num_actions): c(s, a)

    @property
    def start(self) -> int:
        return self.size * (self.size - 1)

    @property
    def goal(self) -> int:
        return self.size - 1


def make_gridworld(size: int, slip: float, discount: float) -> Gridworld:
    """Build one.

    Args:
        size: Of a side, in cells, from 3.
        slip: The probability that a step goes in a random direction.
        discount: γ.
    """
    num_states = size**2
    rows, columns = np.divmod(np.arange(num_states), size)
    start, goal = num_states - size, size - 1
    moved = np.zeros((num_states, len(MOVES), num_states))
    for action, (down, right) in enumerate(MOVES):
        after = size * (rows + down).clip(0, size - 1) + (columns + right).clip(0, size - 1)
        moved[np.arange(num_states), action, after] = 1
    moved[goal] = 0
    moved[goal, :, start] = 1
    transitions = (1 - slip) * moved + slip * moved.mean(1, keepdims=True)
    initial = np.zeros(num_states)
    initial[start] = 1
    inside = (np.minimum(rows, columns) > 0) & (np.maximum(rows, columns) < size - 1)
    cost = STEP_COST + SWAMP_COST * inside + GOAL_COST * (np.arange(num_states) == goal)
    per_action = np.repeat(cost[:, None], len(MOVES), 1)
    return Gridworld(Mdp(transitions, initial, discount), size, inside.astype(float), per_action)


def distances_to_goal(grid: Gridworld) -> Array:
    """Return features of positions, (num_states, num_actions, 4), each between 0 and 1.

    They are the distances to the goal's column and to its row, and the squares of both. No weights on them make the
    swamp's cost, which depends on column and row together.
    """
    rows, columns = np.divmod(np.arange(grid.size**2), grid.size)
    distances = np.stack([grid.size - 1 - columns, rows], -1) / (grid.size - 1)
    features = np.concatenate([distances, distances**2], -1)
    return np.repeat(features[:, None], grid.mdp.num_actions, 1)
