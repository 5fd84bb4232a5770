"""What finite samples of the expert do to BC and to GAIL."""

from collections.abc import Sequence

import numpy as np

from gailpipe.theory.mdp import Array, Mdp
from gailpipe.theory.occupancy import occupancy_of, policy_of, total_variation
from gailpipe.theory.saddle import find_saddle


def draw_pairs(expert: Array, num_pairs: Sequence[int], trials: int, generator: np.random.Generator) -> Array:
    """Draw pairs from the expert's occupancy, and return the empirical measure of the first n of them for each n.

    Args:
        expert: ρ_E, (num_states, num_actions).
        num_pairs: Each n.
        trials: Independent draws.
        generator: Draws.

    Returns:
        (len(num_pairs), trials, num_states, num_actions); each measure has the mass of ρ_E.
    """
    size, mass = expert.size, expert.sum()
    drawn = generator.choice(size, (trials, max(num_pairs)), p=expert.ravel() / mass)
    counts = [[np.bincount(one[:first], minlength=size) for one in drawn] for first in num_pairs]
    scale = mass / np.array(num_pairs)[:, None, None, None]
    return np.reshape(counts, (len(num_pairs), trials, *expert.shape)) * scale


def clone(pairs: Array) -> Array:
    """Return BC's policy, (..., num_states, num_actions): the likeliest one, which is uniform where nothing was shown.

    Args:
        pairs: Empirical measures, same shape.
    """
    return policy_of(pairs)


def distances_by_pairs(
    mdp: Mdp, expert: Array, num_pairs: Sequence[int], trials: int, num_steps: int, generator: np.random.Generator
) -> tuple[Array, Array]:
    """Return how far BC and GAIL end from the expert's occupancy, in total variation, both (len(num_pairs), trials)."""
    pairs = draw_pairs(expert, num_pairs, trials, generator)
    cloned = occupancy_of(mdp, clone(pairs))
    adversarial = find_saddle(mdp, pairs, 0.0, num_steps).occupancies
    return total_variation(cloned, expert), total_variation(adversarial, expert)
