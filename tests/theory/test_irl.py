"""RL ∘ IRL is occupancy matching (proposition 3.2): dual ascent, and a convex solver as witness."""

import numpy as np
import pytest

from gailpipe.theory.control import soft_policy, soft_values
from gailpipe.theory.entropy import entropy_of_policy
from gailpipe.theory.gridworld import distances_to_goal
from gailpipe.theory.irl import each_pair, recover_cost
from gailpipe.theory.linear import feature_gap
from gailpipe.theory.mdp import Array, Mdp, random_policy
from gailpipe.theory.occupancy import expected_cost, occupancy_of, total_variation
from gailpipe.theory.regularizers import Quadratic, Regularizer, Simplex, UnitBall
from gailpipe.theory.witness import solve_linear
from tests.theory.mdps import SEEDS, generator, grid_with_expert, loop, random_one

TEMPERATURE = 0.1
REGULARIZERS = [Quadratic(0.1), UnitBall(), Simplex()]
Problem = tuple[Mdp, Array, Array]


def problems() -> list[Problem]:
    """Return MDPs with an expert's occupancy and three or four features, which don't span the costs."""
    grid, expert = grid_with_expert()
    found = [(grid.mdp, expert, distances_to_goal(grid))]
    for seed in (0, 1):
        mdp, policy, _ = random_one(seed)
        found.append((mdp, occupancy_of(mdp, policy), generator(seed).normal(size=(*policy.shape, 3))))
    return found


def test_soft_values_worked_out_by_hand() -> None:
    """In state 1, which pays nothing and can't be left, V = −τ log 2 + γ V."""
    values = soft_values(loop(), np.zeros((2, 2)), 1.0)
    np.testing.assert_allclose(values, -2 * np.log(2), atol=1e-12)


@pytest.mark.parametrize("temperature", [1.0, 0.1])
@pytest.mark.parametrize("seed", SEEDS)
def test_no_policy_beats_the_soft_policy(seed: int, temperature: float) -> None:
    mdp, _, _ = random_one(seed)
    cost = generator(seed).normal(size=(mdp.num_states, mdp.num_actions))

    def objective(policy: Array) -> float:
        return float(expected_cost(occupancy_of(mdp, policy), cost)) - temperature * entropy_of_policy(mdp, policy)

    best = soft_policy(mdp, cost, temperature)
    assert objective(best) == pytest.approx(mdp.initial @ soft_values(mdp, cost, temperature), abs=1e-10)
    others = [0.99 * best + 0.01 * random_policy(mdp, generator(other)) for other in range(20)]
    assert min(map(objective, others)) > objective(best)


@pytest.mark.parametrize("regularizer", REGULARIZERS)
def test_proximal_steps_and_conjugates_fulfil_fenchel_youngs_equality(regularizer: Regularizer) -> None:
    """w′ = prox(w) leaves w − w′ as a subgradient of ψ at w′, where ψ(w′) + ψ*(w − w′) = (w − w′) · w′."""
    for seed in SEEDS:
        weights = generator(seed).normal(size=4)
        nearest = regularizer.proximal(weights, 1.0)
        rest = weights - nearest
        assert regularizer(nearest) + regularizer.conjugate(rest) == pytest.approx(rest @ nearest, abs=1e-12)


@pytest.mark.parametrize("regularizer", REGULARIZERS, ids=lambda one: type(one).__name__)
@pytest.mark.parametrize("problem", problems(), ids=["grid", "random 0", "random 1"])
def test_dual_ascent_closes_the_gap_and_ends_where_the_convex_program_does(
    problem: Problem, regularizer: Regularizer
) -> None:
    mdp, expert, features = problem
    found = recover_cost(mdp, expert, features, regularizer, TEMPERATURE, 1e-6)
    assert found.gaps.min() > -1e-10
    assert found.gaps[-1] < 1e-6
    assert max(found.dual) <= min(found.primal) + 1e-10  # weak duality, between any two steps
    witness = solve_linear(mdp, expert, features, regularizer, TEMPERATURE)
    assert witness.value == pytest.approx(found.dual[-1], abs=2e-6)
    assert float(total_variation(witness.occupancy, found.occupancy)) < 1e-3


@pytest.mark.parametrize("strength", [1.0, 0.1])
@pytest.mark.parametrize("problem", problems(), ids=["grid", "random 0", "random 1"])
def test_the_recovered_cost_is_the_dual_optimum_and_its_policy_the_primal(problem: Problem, strength: float) -> None:
    """Where the dual's gradient ρ_π − ρ_E − α c is 0; and RL of that cost is the convex program's occupancy."""
    mdp, expert, _ = problem
    regularizer = Quadratic(strength)
    found = recover_cost(mdp, expert, each_pair(mdp), regularizer, TEMPERATURE, 1e-11)
    np.testing.assert_allclose(found.cost, (found.occupancy - expert) / strength, atol=1e-4)
    reached = occupancy_of(mdp, soft_policy(mdp, found.cost, TEMPERATURE))
    witness = solve_linear(mdp, expert, each_pair(mdp), regularizer, TEMPERATURE)
    np.testing.assert_allclose(reached, witness.occupancy, atol=1e-4)


def test_the_weaker_the_regulariser_the_nearer_the_policy_to_the_expert() -> None:
    """Corollary 3.2.1 is the limit: with a constant ψ the occupancies are equal."""
    mdp, policy, _ = random_one(0)
    expert = occupancy_of(mdp, policy)
    distances = [
        float(
            total_variation(
                recover_cost(mdp, expert, each_pair(mdp), Quadratic(strength), TEMPERATURE, 1e-11).occupancy, expert
            )
        )
        for strength in (0.1, 0.01, 0.001)
    ]
    assert distances[0] > 5 * distances[1] > 25 * distances[2]
    assert distances[2] < 1e-3


@pytest.mark.parametrize("seed", SEEDS)
def test_with_a_constant_regulariser_the_experts_own_surprise_is_a_dual_optimum(seed: int) -> None:
    """Corollary 3.2.1: c = −τ log π_E has soft values of 0, leaves the expert, and closes the gap to ρ = ρ_E."""
    mdp, policy, _ = random_one(seed)
    expert, cost = occupancy_of(mdp, policy), -TEMPERATURE * np.log(policy)
    values = soft_values(mdp, cost, TEMPERATURE)
    np.testing.assert_allclose(values, 0, atol=1e-12)
    np.testing.assert_allclose(occupancy_of(mdp, soft_policy(mdp, cost, TEMPERATURE)), expert, atol=1e-10)
    dual = mdp.initial @ values - float(expected_cost(expert, cost))
    assert dual == pytest.approx(-TEMPERATURE * entropy_of_policy(mdp, policy), abs=1e-12)


def test_a_cost_that_explains_the_expert_is_found_up_to_what_no_policy_can_tell() -> None:
    """The expert's own cost and the recovered one differ by shaping: they leave the same policy."""
    mdp, policy, _ = random_one(1)
    expert = occupancy_of(mdp, policy)
    found = recover_cost(mdp, expert, each_pair(mdp), Quadratic(1e-3), TEMPERATURE, 1e-11)
    assert np.abs(found.policy - policy).max() < 0.02


def test_linear_costs_match_features_where_they_can() -> None:
    mdp, expert, features = problems()[0]
    found = recover_cost(mdp, expert, features, UnitBall(), 0.01, 1e-6)
    assert np.linalg.norm(feature_gap(found.occupancy, expert, features)) < 1e-4
