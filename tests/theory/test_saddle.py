"""ψ*_GA is the Jensen–Shannon divergence (proposition A.1, corollary A.1.1), and GAIL's saddle point."""

import numpy as np
import pytest

from gailpipe.theory.mdp import Array, Mdp
from gailpipe.theory.occupancy import occupancy_of, total_variation
from gailpipe.theory.saddle import (
    adversarial_value,
    find_saddle,
    ga_conjugate,
    jensen_shannon,
    optimal_discriminator,
)
from gailpipe.theory.witness import ga_conjugate_by_definition, solve_adversarial
from tests.theory.mdps import SEEDS, generator, grid_with_expert, random_one

Problem = tuple[Mdp, Array, Array]


def pairs_of_occupancies() -> list[Problem]:
    grid, expert = grid_with_expert()
    found = [(grid.mdp, occupancy_of(grid.mdp, np.full(expert.shape, 0.25)), expert)]
    for seed in SEEDS:
        mdp, policy, other = random_one(seed)
        found.append((mdp, occupancy_of(mdp, policy), occupancy_of(mdp, other)))
    return found


@pytest.mark.parametrize("problem", pairs_of_occupancies())
def test_the_closed_form_attains_the_conjugate_and_no_other_discriminator_does(problem: Problem) -> None:
    mdp, occupancy, expert = problem
    best = optimal_discriminator(occupancy, expert)
    value = float(adversarial_value(occupancy, expert, best))
    assert value == pytest.approx(float(ga_conjugate(mdp, occupancy, expert)), abs=1e-10)
    for seed in SEEDS:
        other = (best + 0.1 * generator(seed).normal(size=best.shape)).clip(1e-3, 1 - 1e-3)
        assert float(adversarial_value(occupancy, expert, other)) < value


@pytest.mark.parametrize("problem", pairs_of_occupancies())
def test_the_conjugate_by_its_definition_is_the_divergence_up_to_a_shift(problem: Problem) -> None:
    mdp, occupancy, expert = problem
    found = ga_conjugate_by_definition(occupancy, expert)
    assert found == pytest.approx(float(ga_conjugate(mdp, occupancy, expert)), abs=1e-6)


def test_the_divergence_is_0_of_equals_and_2_log_2_of_strangers() -> None:
    one, other = np.array([[1.0, 0.0]]), np.array([[0.0, 1.0]])
    assert float(jensen_shannon(one, one)) == 0
    assert float(jensen_shannon(one, other)) == pytest.approx(2 * np.log(2))


@pytest.mark.parametrize("seed", [None, *SEEDS])
def test_alternating_steps_end_at_the_expert_where_d_is_one_half(seed: int | None) -> None:
    if seed is None:
        grid, expert = grid_with_expert()
        mdp = grid.mdp
    else:
        mdp, policy, _ = random_one(seed)
        expert = occupancy_of(mdp, policy)
    found = find_saddle(mdp, expert, 0.0, 100)
    assert float(total_variation(found.occupancies, expert)) < 1e-6
    assert np.abs(found.discriminators - 0.5).max() < 1e-4
    assert (np.diff(found.objectives) <= 0).all()


@pytest.mark.parametrize("entropy_weight", [0.1, 0.01])
def test_with_entropy_the_saddle_point_is_the_convex_programs_and_d_is_not_one_half(entropy_weight: float) -> None:
    grid, expert = grid_with_expert()
    found = find_saddle(grid.mdp, expert, entropy_weight, 200, certify=True)
    assert -1e-9 < found.gaps[-1] < 1e-6
    witness = solve_adversarial(grid.mdp, expert, entropy_weight)
    assert float(total_variation(found.occupancies, witness.occupancy)) < 1e-4
    shift = float(ga_conjugate(grid.mdp, expert, expert))
    assert float(found.objectives[-1]) == pytest.approx(witness.value + shift, abs=1e-6)
    assert found.indecision[-1] > 0.01


def test_several_problems_at_once_are_each_solved_as_alone() -> None:
    mdp, policy, other = random_one(0)
    experts = occupancy_of(mdp, np.stack([policy, other]))
    together = find_saddle(mdp, experts, 0.0, 20)
    for number in range(2):
        alone = find_saddle(mdp, experts[number], 0.0, 20)
        np.testing.assert_allclose(together.occupancies[number], alone.occupancies, atol=1e-12)


def test_pairs_that_the_expert_never_shows_get_no_policy() -> None:
    """With one demonstrated action in each state, GAIL ends with that action alone."""
    mdp, _, _ = random_one(2)
    expert = occupancy_of(mdp, np.eye(3)[np.zeros(5, int)])
    found = find_saddle(mdp, expert, 0.0, 100)
    assert found.policies[:, 0].min() > 0.999
