"""Compounding errors: what one slip costs BC, and GAIL, as the horizon grows (Ross & Bagnell 2010)."""

from collections.abc import Sequence

import numpy as np

from gailpipe.theory.mdp import Array, Mdp
from gailpipe.theory.occupancy import expected_cost, occupancy_of
from gailpipe.theory.saddle import find_saddle
from gailpipe.theory.sampling import clone

RUNGS, NUM_ACTIONS = 6, 4
GOOD, BAD = 0, 1


def make_ladder(slip: float, discount: float) -> Mdp:
    """Build a road with a ditch beside it: state 0 is the road, and the others are the rungs up from the ditch's floor.

    The good action stays on the road, or climbs a rung. The bad one leaves the road. In the ditch all but the good one
    fall back to the floor. So a policy to which all actions are alike stays there for some 4⁶ steps.

    Args:
        slip: The probability that the bad action is taken in place of the one that was chosen.
        discount: γ.
    """
    road, floor, top = 0, 1, RUNGS
    chosen = np.zeros((RUNGS + 1, NUM_ACTIONS, RUNGS + 1))
    chosen[road, :, road] = 1
    chosen[road, BAD] = np.eye(RUNGS + 1)[floor]
    chosen[floor:, :, floor] = 1
    for rung in range(floor, top + 1):
        chosen[rung, GOOD] = np.eye(RUNGS + 1)[road if rung == top else rung + 1]
    slips = chosen[:, [BAD]]
    return Mdp((1 - slip) * chosen + slip * slips, np.eye(RUNGS + 1)[road], discount)


def costs_by_horizon(horizons: Sequence[int], slip: float, num_steps: int) -> tuple[Array, Array]:
    """Return the expected steps in the ditch of BC and of GAIL, both (len(horizons),), each of which slips.

    The expert always chooses the good action and never slips, so it shows nothing of the ditch. It spends no step
    there. What a policy can't help costs each learner ε a step on the road: Ross & Bagnell's ε.

    Args:
        horizons: Each 1 / (1 − γ), in steps.
        slip: ε.
        num_steps: For GAIL.
    """
    costs = []
    for horizon in horizons:
        mdp = make_ladder(slip, 1 - 1 / horizon)
        expert = np.zeros((mdp.num_states, mdp.num_actions))
        expert[0, GOOD] = horizon
        in_ditch = np.ones_like(expert) * (np.arange(mdp.num_states) > 0)[:, None]
        adversarial = find_saddle(mdp, expert, 0.0, num_steps).occupancies
        costs.append([expected_cost(one, in_ditch) for one in (occupancy_of(mdp, clone(expert)), adversarial)])
    of_bc, of_gail = np.array(costs).T
    return of_bc, of_gail
