"""The theory in numbers: how exactly each law holds, and what the figure's panels come to."""

from collections.abc import Mapping, Sequence
from math import ceil, log10
from typing import Any

import numpy as np

from gailpipe.theory.entropy import causal_divergence, entropy_of_occupancy, entropy_of_policy
from gailpipe.theory.irl import each_pair
from gailpipe.theory.mdp import Array, Mdp, uniform_policy
from gailpipe.theory.occupancy import flow_residual, occupancy_of, policy_of, total_variation
from gailpipe.theory.regularizers import Quadratic
from gailpipe.theory.results import HORIZONS, NUM_PAIRS, Results, distances_of
from gailpipe.theory.saddle import adversarial_value, ga_conjugate, jensen_shannon, optimal_discriminator
from gailpipe.theory.settings import Theory
from gailpipe.theory.witness import ga_conjugate_by_definition, solve_adversarial, solve_linear

LEAST_ERROR = 1e-12
DIGITS = 4


def bound(errors: Any) -> float:
    """Return a power of ten that no error exceeds, from 1e-12: what rounding leaves differs between processors."""
    worst = float(np.max(np.abs(errors)))
    return LEAST_ERROR if worst <= LEAST_ERROR else float(f"1e{ceil(log10(worst))}")


def metrics(results: Results, settings: Theory) -> dict[str, Any]:
    """Return what DVC shows of the theory. Keys that end in `error` or `gap` hold bounds."""
    mdp = results.grid.mdp
    laws = [_laws(*case) for case in ((mdp, uniform_policy(mdp), policy_of(results.expert)), *results.random_cases)]
    horizons = np.log(HORIZONS)
    return {
        "laws": {name: bound([one[name] for one in laws]) for name in laws[0]},
        "dual_ascent": _dual_ascent(results, settings),
        "saddle_point": _saddle_point(results, settings),
        "exact_expert": _exact_expert(results),
        "from_pairs": {name: _rounded(one) for name, one in distances_of(results, results.from_pairs).items()},
        "distance_by_pairs": _by_size(NUM_PAIRS, {name: one.mean(1) for name, one in results.distances.items()}),
        "growth_with_horizon": {  # the exponent of the cost, over the longer half of the horizons
            name: _rounded(np.polyfit(horizons[3:], np.log(one[3:]), 1)[0]) for name, one in results.costs.items()
        },
        "reward_error_by_pairs": _by_size(results.batches, results.bridge),
    }


def _laws(mdp: Mdp, policy: Array, other: Array) -> dict[str, float]:
    """Return by how much two policies of an MDP break what the paper proves of all."""
    one, two = occupancy_of(mdp, policy), occupancy_of(mdp, other)
    mixed = (one + two) / 2
    concave = entropy_of_occupancy(mixed) - (entropy_of_occupancy(one) + entropy_of_occupancy(two)) / 2
    to_mixed = [causal_divergence(rho, policy_of(rho), policy_of(mixed)) for rho in (one, two)]
    scale = mdp.horizon
    return {
        "flow_error": np.abs(flow_residual(mdp, np.stack([one, mixed]))).max() / scale,
        "policy_error": np.abs(policy_of(one) - policy).max(),
        "occupancy_error": np.abs(occupancy_of(mdp, policy_of(mixed)) - mixed).max() / scale,
        "entropy_error": abs(entropy_of_policy(mdp, policy) - float(entropy_of_occupancy(one))) / scale,
        "concavity_error": abs(float(concave) - float(sum(to_mixed)) / 2) / scale,
        "jensen_shannon_error": abs(
            float(adversarial_value(one, two, optimal_discriminator(one, two)) - ga_conjugate(mdp, one, two))
        )
        / scale,
        "conjugate_error": abs(ga_conjugate_by_definition(one, two) - float(ga_conjugate(mdp, one, two))) / scale,
    }


def _dual_ascent(results: Results, settings: Theory) -> dict[str, Any]:
    mdp, weight, expert = results.grid.mdp, settings.temperature, results.expert
    found = {}
    for strength, ascent in results.ascents.items():
        alpha = strength * weight
        witness = solve_linear(mdp, expert, each_pair(mdp), Quadratic(alpha), weight)
        dual_cost = (ascent.occupancy - expert) / alpha  # where the gradient of the dual is 0
        found[f"{strength:g}"] = {
            "steps": len(ascent.dual),
            "duality_gap": bound(ascent.gaps[-1]),
            "witness_value_error": bound(witness.value - ascent.dual[-1]),
            "witness_distance_error": bound(total_variation(witness.occupancy, ascent.occupancy)),
            "cost_error": bound(np.abs(ascent.cost - dual_cost).max() / np.abs(dual_cost).max()),
            "distance_to_expert": _rounded(float(total_variation(ascent.occupancy, expert))),
        }
    return found


def _saddle_point(results: Results, settings: Theory) -> dict[str, Any]:
    mdp, expert, weight = results.grid.mdp, results.expert, settings.temperature
    regularized = results.regularized_saddle
    witness = solve_adversarial(mdp, expert, weight)
    value = witness.value + float(ga_conjugate(mdp, expert, expert))  # whose divergence is 0
    return {
        "jensen_shannon_error": bound(jensen_shannon(results.saddle.occupancies, expert)),
        "indecision_error": bound(np.abs(results.saddle.discriminators - 0.5)),
        "saddle_gap": bound(regularized.gaps[-1]),
        "witness_value_error": bound(value - regularized.objectives[-1]),
        "witness_distance_error": bound(total_variation(witness.occupancy, regularized.occupancies)),
    }


def _exact_expert(results: Results) -> dict[str, Any]:
    shown = {"uniform": results.uniform, **results.exact}
    distances = distances_of(results, shown)
    found: dict[str, Any] = {
        name: {
            "feature_distance": _rounded(float(np.linalg.norm(results.gap(occupancy)))),
            "worst_feature": _rounded(results.gap(occupancy).max()),
            "distance": _rounded(distances[name]),
            "cost": _rounded(results.costs_above_expert(occupancy)),
        }
        for name, occupancy in shown.items()
    }
    least, most = map(results.normalized, results.cost_range)
    return found | {"all_with_the_experts_features": {"least_cost": _rounded(least), "greatest_cost": _rounded(most)}}


def _by_size(sizes: Sequence[int], values: Mapping[str, Array]) -> dict[str, dict[str, float]]:
    return {str(size): {name: _rounded(one[i]) for name, one in values.items()} for i, size in enumerate(sizes)}


def _rounded(value: float) -> float:
    return round(float(value), DIGITS)
