"""All of the theory on a gridworld and on random MDPs: what the figure draws, and what reports/theory.json holds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from gailpipe.foundation.seeding import derive_seed
from gailpipe.theory.bridge import reward_errors
from gailpipe.theory.control import soft_policy
from gailpipe.theory.gridworld import Gridworld, distances_to_goal, make_gridworld
from gailpipe.theory.horizon import costs_by_horizon
from gailpipe.theory.irl import Imitation, each_pair, recover_cost
from gailpipe.theory.linear import costs_of_matches, feature_gap
from gailpipe.theory.mdp import Array, Mdp, random_mdp, random_policy, uniform_policy
from gailpipe.theory.occupancy import expected_cost, occupancy_of, total_variation
from gailpipe.theory.regularizers import Quadratic, Regularizer, Simplex, UnitBall
from gailpipe.theory.saddle import Saddle, find_saddle, ga_conjugate
from gailpipe.theory.sampling import clone, distances_by_pairs, draw_pairs
from gailpipe.theory.settings import Theory

STRENGTHS = (100.0, 10.0, 1.0)  # α of quadratic regularisers, in units of the temperature
LINEAR: dict[str, Regularizer] = {"FEM": UnitBall(), "GTAL": Simplex()}
TOLERANCE, MAX_STEPS = 1e-12, 2000  # of dual ascent
LINEAR_TOLERANCE = 1e-4  # where ψ* is a norm, which is not smooth
ALTERNATIONS, ALTERNATIONS_OF_SAMPLES = 60, 100
NUM_PAIRS = (8, 32, 128, 512, 2048, 8192)
HORIZONS, SLIP = (8, 16, 32, 64, 128, 256, 512), 1e-5
SHARES_OF_BATCH = (100, 10, 1)
RANDOM_STATES, RANDOM_ACTIONS, RANDOM_MDPS = 6, 3, 10


@dataclass(frozen=True, eq=False)
class Results:
    grid: Gridworld
    expert: Array  # ρ_E of the grid, (num_states, num_actions)
    random_cases: list[tuple[Mdp, Array, Array]]  # an MDP each, and two policies in it
    from_pairs: Mapping[str, Array]  # occupancies of who learned from a few pairs, by label
    ascents: Mapping[float, Imitation]  # by α, in units of the temperature
    saddle: Saddle  # with λ = 0, where D → 1/2
    regularized_saddle: Saddle  # with λ above 0
    exact: Mapping[str, Array]  # occupancies of who knew ρ_E, by label
    cost_range: tuple[float, float]  # of policies with the expert's feature expectations
    distances: Mapping[str, Array]  # to ρ_E, (len(NUM_PAIRS), trials), by label
    costs: Mapping[str, Array]  # steps in the ditch, (len(HORIZONS),), by label
    batches: tuple[int, ...]  # pairs on which rewards were fitted
    bridge: Mapping[str, Array]  # relative errors of sampled rewards, (len(batches),), by label

    def costs_above_expert(self, occupancy: Array) -> float:
        """Return an occupancy's cost, where 0 is the expert's and 1 the uniform policy's."""
        return self.normalized(float(expected_cost(occupancy, self.grid.cost)))

    def normalized(self, cost: float) -> float:
        least = expected_cost(self.expert, self.grid.cost)
        most = expected_cost(self.uniform, self.grid.cost)
        return float((cost - least) / (most - least))

    @property
    def uniform(self) -> Array:
        """Return the uniform policy's occupancy."""
        return occupancy_of(self.grid.mdp, uniform_policy(self.grid.mdp))

    @property
    def divergences(self) -> Array:
        """Return D_JS(ρ_π, ρ_E), (num_steps,), on the way to the saddle point with λ = 0."""
        return np.array(self.saddle.objectives) - float(ga_conjugate(self.grid.mdp, self.expert, self.expert))

    def gap(self, occupancy: Array) -> Array:
        """Return the gap of feature expectations, (num_features,)."""
        return feature_gap(occupancy, self.expert, distances_to_goal(self.grid))


def compute(settings: Theory, seed: int) -> Results:
    """Compute all that the figure shows; `seed` is the only source of chance."""
    grid = make_gridworld(settings.grid, settings.slip, settings.discount)
    mdp, weight = grid.mdp, settings.temperature
    expert = occupancy_of(mdp, soft_policy(mdp, grid.cost, settings.expert_temperature))
    features = distances_to_goal(grid)
    ascents = {
        strength: recover_cost(mdp, expert, each_pair(mdp), Quadratic(strength * weight), weight, TOLERANCE, MAX_STEPS)
        for strength in STRENGTHS
    }
    exact = {
        label: recover_cost(mdp, expert, features, regularizer, weight, LINEAR_TOLERANCE, MAX_STEPS).occupancy
        for label, regularizer in LINEAR.items()
    }
    regularized = find_saddle(mdp, expert, weight, ALTERNATIONS, certify=True)
    batches = tuple(settings.batch // share for share in SHARES_OF_BATCH)
    return Results(
        grid,
        expert,
        _random_cases(settings.discount, seed),
        _learn_from_pairs(grid, expert, settings, seed),
        ascents,
        find_saddle(mdp, expert, 0.0, ALTERNATIONS),
        regularized,
        exact | {"GAIL": regularized.occupancies},
        costs_of_matches(mdp, expert, features, grid.cost),
        _by_pairs(mdp, expert, settings, seed),
        dict(zip(("BC", "GAIL"), costs_by_horizon(HORIZONS, SLIP, ALTERNATIONS_OF_SAMPLES), strict=True)),
        batches,
        _bridge(batches, settings.discount, seed),
    )


def _random_cases(discount: float, seed: int) -> list[tuple[Mdp, Array, Array]]:
    generator = _generator(seed, "random")
    mdps = [random_mdp(RANDOM_STATES, RANDOM_ACTIONS, discount, generator) for _ in range(RANDOM_MDPS)]
    return [(mdp, random_policy(mdp, generator), random_policy(mdp, generator)) for mdp in mdps]


def _learn_from_pairs(grid: Gridworld, expert: Array, settings: Theory, seed: int) -> dict[str, Array]:
    mdp, weight = grid.mdp, settings.temperature
    shown = draw_pairs(expert, [settings.pairs], 1, _generator(seed, "shown"))[0, 0]
    features = distances_to_goal(grid)
    linear = {
        label: recover_cost(mdp, shown, features, regularizer, weight, LINEAR_TOLERANCE, MAX_STEPS).occupancy
        for label, regularizer in LINEAR.items()
    }
    adversarial = find_saddle(mdp, shown, weight, ALTERNATIONS_OF_SAMPLES).occupancies
    return {"BC": occupancy_of(mdp, clone(shown)), **linear, "GAIL": adversarial}


def _by_pairs(mdp: Mdp, expert: Array, settings: Theory, seed: int) -> dict[str, Array]:
    generator = _generator(seed, "pairs")
    found = distances_by_pairs(mdp, expert, NUM_PAIRS, settings.trials, ALTERNATIONS_OF_SAMPLES, generator)
    return dict(zip(("BC", "GAIL"), found, strict=True))


def _bridge(batches: Sequence[int], discount: float, seed: int) -> dict[str, Array]:
    generator = _generator(seed, "bridge")
    mdp = random_mdp(RANDOM_STATES, RANDOM_ACTIONS, discount, generator)
    policy, expert = (occupancy_of(mdp, random_policy(mdp, generator)) for _ in range(2))
    return reward_errors(policy, expert, batches, derive_seed(seed, "theory", "bridge"))


def _generator(seed: int, name: str) -> np.random.Generator:
    return np.random.default_rng(derive_seed(seed, "theory", name))


def distances_of(results: Results, occupancies: Mapping[str, Array]) -> dict[str, float]:
    """Return how far each occupancy is from the expert's, in total variation, by label."""
    return {label: float(total_variation(one, results.expert)) for label, one in occupancies.items()}
