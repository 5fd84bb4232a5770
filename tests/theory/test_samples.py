"""What costs of a class can't see, what samples do, and how errors grow with the horizon."""

import numpy as np
import pytest

from gailpipe.theory.gridworld import distances_to_goal
from gailpipe.theory.horizon import costs_by_horizon, make_ladder
from gailpipe.theory.irl import recover_cost
from gailpipe.theory.linear import costs_of_matches, feature_gap
from gailpipe.theory.mdp import uniform_policy
from gailpipe.theory.occupancy import expected_cost, occupancy_of, total_variation
from gailpipe.theory.regularizers import Simplex, UnitBall
from gailpipe.theory.saddle import find_saddle
from gailpipe.theory.sampling import clone, distances_by_pairs, draw_pairs
from tests.theory.mdps import generator, grid_with_expert

LAMBDA = 0.01


def test_linear_costs_match_features_and_fail_where_gail_matches_the_occupancy() -> None:
    grid, expert = grid_with_expert(6)
    features = distances_to_goal(grid)
    ball, simplex = (
        recover_cost(grid.mdp, expert, features, one, LAMBDA, 1e-4).occupancy for one in (UnitBall(), Simplex())
    )
    adversarial = find_saddle(grid.mdp, expert, LAMBDA, 100).occupancies
    uniform = occupancy_of(grid.mdp, uniform_policy(grid.mdp))

    def cost(occupancy: np.ndarray) -> float:
        best, worst = (float(expected_cost(one, grid.cost)) for one in (expert, uniform))
        return (float(expected_cost(occupancy, grid.cost)) - best) / (worst - best)

    assert np.linalg.norm(feature_gap(ball, expert, features)) < 1e-3
    assert feature_gap(simplex, expert, features).max() < 0  # nearer to the goal than the expert, in every sense
    assert min(cost(ball), cost(simplex)) > 0.3
    assert min(float(total_variation(one, expert)) for one in (ball, simplex)) > 0.2
    assert abs(cost(adversarial)) < 0.02
    assert float(total_variation(adversarial, expert)) < 0.01


def test_policies_with_the_experts_features_may_cost_anything_between_two_linear_programs() -> None:
    grid, expert = grid_with_expert(6)
    features = distances_to_goal(grid)
    least, most = costs_of_matches(grid.mdp, expert, features, grid.cost)
    match = recover_cost(grid.mdp, expert, features, UnitBall(), LAMBDA, 1e-4).occupancy
    assert least < float(expected_cost(expert, grid.cost)) < float(expected_cost(match, grid.cost)) < most
    in_sight = costs_of_matches(grid.mdp, expert, features, features @ np.ones(4))
    assert in_sight == pytest.approx([float(expected_cost(expert, features @ np.ones(4)))] * 2)


def test_pairs_are_drawn_from_the_occupancy_and_the_first_of_them_are_kept() -> None:
    _, expert = grid_with_expert()
    few, many = draw_pairs(expert, [10, 100_000], 2, generator())
    assert few.shape == (2, *expert.shape)
    np.testing.assert_allclose(few.sum((-2, -1)), expert.sum())
    assert float(total_variation(many, expert).max()) < 0.02
    assert (many[few > 0] > 0).all()


def test_bc_counts() -> None:
    pairs = np.array([[3.0, 1.0], [0.0, 0.0]])
    np.testing.assert_array_equal(clone(pairs), [[0.75, 0.25], [0.5, 0.5]])


def test_distances_to_the_expert_fall_as_one_over_the_root_of_the_pairs() -> None:
    grid, expert = grid_with_expert()
    sizes = (256, 4096)
    of_bc, of_gail = distances_by_pairs(grid.mdp, expert, sizes, 10, 100, generator())
    assert of_bc.shape == of_gail.shape == (2, 10)
    for distances in (of_bc.mean(1), of_gail.mean(1)):
        assert distances[0] / distances[1] == pytest.approx(4, rel=0.35)
    assert (of_gail.mean(1) < of_bc.mean(1)).all()


def test_the_error_of_bc_grows_with_the_square_of_the_horizon_and_gails_in_proportion() -> None:
    """Ross & Bagnell (2010): J(BC) ≤ J(expert) + ε T², here with ε T² at most, and ε T times the rungs for GAIL."""
    horizons, slip = (64, 128, 256), 1e-5
    of_bc, of_gail = costs_by_horizon(horizons, slip, 200)
    squares, ratios = np.square(horizons), np.array(horizons)
    assert (of_bc < slip * squares).all()
    assert (of_bc > 0.5 * slip * squares).all()
    np.testing.assert_allclose(of_gail / (slip * ratios), 6, rtol=0.15)


def test_the_ladder_by_hand() -> None:
    after = make_ladder(0.0, 0.5).transitions.argmax(-1)
    assert after[:, 0].tolist() == [0, 2, 3, 4, 5, 6, 0]
    assert after[:, 1].tolist() == [1] * 7
    assert after[:, 2].tolist() == [0, 1, 1, 1, 1, 1, 1]
