"""MDPs: what is refused in one sentence, and the gridworld."""

from collections.abc import Callable

import numpy as np
import pytest

from gailpipe.foundation.errors import UserError
from gailpipe.theory.gridworld import make_gridworld
from gailpipe.theory.mdp import Array, Mdp
from tests.theory.mdps import loop


def mdp_with(change: Callable[[Array, Array], None], discount: float = 0.5) -> Mdp:
    transitions, initial = loop().transitions.copy(), loop().initial.copy()
    change(transitions, initial)
    return Mdp(transitions, initial, discount)


def put(value: float, *place: int) -> Callable[[Array, Array], None]:
    return lambda transitions, initial: (transitions if len(place) == 3 else initial).__setitem__(place, value)


@pytest.mark.parametrize(
    ("change", "discount", "message"),
    [
        (put(1.0, 0, 0, 0), 1.0, "discount: 1.0: must be at least 0 and less than 1, or sums over time diverge"),
        (put(1.0, 0, 0, 0), -0.1, "discount: -0.1: must be at least 0"),
        (put(0.5, 1, 0, 0), 0.5, "transitions: state 1, action 0: sum to 1.5; must be probabilities that sum to 1"),
        (put(0.9, 0, 1, 1), 0.5, "transitions: state 0, action 1: sum to 0.9; must be"),
        (put(-1.0, 0, 0, 1), 0.5, "transitions: state 0, action 0: sum to 0; must be"),
        (put(0.5, 0), 0.5, "initial: sums to 0.5; must be"),
    ],
)
def test_what_is_no_mdp_is_refused_in_a_sentence(
    change: Callable[[Array, Array], None], discount: float, message: str
) -> None:
    with pytest.raises(UserError) as caught:
        mdp_with(change, discount)
    assert str(caught.value).startswith(message)


def test_a_state_that_cant_be_reached_is_refused() -> None:
    with pytest.raises(UserError, match=r"^state 0: can't be reached from the initial states; leave it out$"):
        Mdp(loop().transitions, np.array([0.0, 1.0]), 0.5)


def test_transitions_of_another_shape_are_refused() -> None:
    with pytest.raises(UserError, match=r"have shape \(2, 2, 2\); 3 states take \(3, num_actions, 3\)$"):
        Mdp(loop().transitions, np.array([1.0, 0.0, 0.0]), 0.5)


def test_a_gridworld_moves_stops_at_walls_and_starts_anew_from_the_goal() -> None:
    grid = make_gridworld(3, 0.0, 0.5)  # 0 1 2 / 3 4 5 / 6 7 8; up, down, left, right
    after = grid.mdp.transitions.argmax(-1)
    assert after[4].tolist() == [1, 7, 3, 5]
    assert after[6].tolist() == [3, 6, 6, 7]
    assert after[2].tolist() == [6, 6, 6, 6]
    assert (grid.start, grid.goal, grid.swamp.tolist()) == (6, 2, [0, 0, 0, 0, 1, 0, 0, 0, 0])
    assert grid.cost[:, 0].tolist() == [1, 1, -19, 1, 6, 1, 1, 1, 1]


def test_a_step_that_slips_goes_anywhere_alike() -> None:
    grid = make_gridworld(3, 0.4, 0.5)
    assert grid.mdp.transitions[4, 0, [1, 7, 3, 5]].tolist() == pytest.approx([0.7, 0.1, 0.1, 0.1])
