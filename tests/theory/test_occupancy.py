"""Occupancy measures and policies are one to one (proposition 3.1), and their entropy is concave (lemma 3.1)."""

import numpy as np
import pytest

from gailpipe.theory.entropy import causal_divergence, entropy_of_occupancy, entropy_of_policy
from gailpipe.theory.mdp import Array, Mdp, random_policy, uniform_policy
from gailpipe.theory.occupancy import expected_cost, flow_residual, occupancy_of, policy_of, total_variation
from tests.theory.mdps import SEEDS, generator, grid_with_expert, loop, random_one

EXACT = 1e-12


def some_mdps() -> list[Mdp]:
    return [grid_with_expert()[0].mdp, *(random_one(seed)[0] for seed in SEEDS)]


def test_an_occupancy_worked_out_by_hand() -> None:
    """One stays with probability 1/2: visits of state 0 are Σ (γ/2)ᵗ = 4/3, and those of state 1 the rest of 2."""
    policy = np.array([[0.5, 0.5], [1.0, 0.0]])
    np.testing.assert_allclose(occupancy_of(loop(), policy), [[2 / 3, 2 / 3], [2 / 3, 0]], atol=EXACT)
    assert entropy_of_policy(loop(), policy) == pytest.approx(4 / 3 * np.log(2), abs=EXACT)


@pytest.mark.parametrize("mdp", some_mdps())
def test_occupancies_satisfy_the_bellman_flow_and_have_the_mass_of_the_horizon(mdp: Mdp) -> None:
    occupancies = occupancy_of(mdp, np.stack([random_policy(mdp, generator(seed)) for seed in SEEDS]))
    assert np.abs(flow_residual(mdp, occupancies)).max() < EXACT * mdp.horizon
    np.testing.assert_allclose(occupancies.sum((-2, -1)), mdp.horizon, rtol=EXACT)
    assert flow_residual(mdp, occupancies + 0.01).min() != 0


@pytest.mark.parametrize("mdp", some_mdps())
def test_from_a_policy_to_its_occupancy_and_back_and_the_other_way_round(mdp: Mdp) -> None:
    one, other = (random_policy(mdp, generator(seed)) for seed in (1, 2))
    np.testing.assert_allclose(policy_of(occupancy_of(mdp, one)), one, atol=EXACT)
    mixed = 0.3 * occupancy_of(mdp, one) + 0.7 * occupancy_of(mdp, other)  # satisfies the flow, too
    assert np.abs(flow_residual(mdp, mixed)).max() < EXACT * mdp.horizon
    np.testing.assert_allclose(occupancy_of(mdp, policy_of(mixed)), mixed, atol=EXACT * mdp.horizon)


def test_where_nothing_is_visited_the_policy_is_uniform() -> None:
    np.testing.assert_array_equal(policy_of(np.array([[0.0, 0.0], [1.0, 3.0]])), [[0.5, 0.5], [0.25, 0.75]])


def test_expected_costs_are_those_of_simulated_episodes() -> None:
    mdp, policy, _ = random_one(0)
    rng, cost = generator(1), generator(2).normal(size=policy.shape)
    states = rng.choice(mdp.num_states, 20_000, p=mdp.initial)
    total = np.zeros(len(states))
    for step in range(100):
        actions = (policy[states].cumsum(-1) > rng.random((len(states), 1))).argmax(-1)
        total += mdp.discount**step * cost[states, actions]
        states = (mdp.transitions[states, actions].cumsum(-1) > rng.random((len(states), 1))).argmax(-1)
    assert float(expected_cost(occupancy_of(mdp, policy), cost)) == pytest.approx(
        total.mean(), abs=4 * total.std() / len(total) ** 0.5
    )


@pytest.mark.parametrize("mdp", some_mdps())
def test_the_entropy_of_an_occupancy_is_its_policys(mdp: Mdp) -> None:
    policy = random_policy(mdp, generator())
    assert entropy_of_policy(mdp, policy) == pytest.approx(float(entropy_of_occupancy(occupancy_of(mdp, policy))))
    most = mdp.horizon * np.log(mdp.num_actions)
    assert entropy_of_policy(mdp, uniform_policy(mdp)) == pytest.approx(most, rel=EXACT)
    assert entropy_of_policy(mdp, np.eye(mdp.num_actions)[np.zeros(mdp.num_states, int)]) == 0


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("mdp", some_mdps())
def test_causal_entropy_is_strictly_concave_by_the_divergence_from_the_mixture(mdp: Mdp, share: float) -> None:
    one, other = (occupancy_of(mdp, random_policy(mdp, generator(seed))) for seed in (1, 2))
    mixed = share * one + (1 - share) * other

    def divergence(occupancy: Array) -> float:
        return float(causal_divergence(occupancy, policy_of(occupancy), policy_of(mixed)))

    lead = entropy_of_occupancy(mixed) - share * entropy_of_occupancy(one) - (1 - share) * entropy_of_occupancy(other)
    assert float(lead) == pytest.approx(share * divergence(one) + (1 - share) * divergence(other), abs=1e-10)
    assert float(lead) > 1e-3


def test_total_variation_is_a_share_of_the_mass() -> None:
    one, other = np.array([[2.0, 0.0]]), np.array([[1.0, 3.0]])
    assert float(total_variation(one, other)) == 0.75
