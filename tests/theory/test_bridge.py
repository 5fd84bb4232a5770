"""The other rooms' reward functions, fitted to samples, come near the exact ones as samples grow."""

import numpy as np
import pytest
import torch

from gailpipe.demonstrations.demonstrations import Demonstrations
from gailpipe.theory.bridge import draw_transitions, exact_adversarial_reward, reward_errors, sampled_reward
from gailpipe.theory.mdp import random_mdp, random_policy
from gailpipe.theory.occupancy import occupancy_of
from tests.theory.mdps import DISCOUNT, generator

NUM_PAIRS = (100, 10_000)


@pytest.fixture(scope="module")
def errors() -> dict[str, np.ndarray]:
    rng = generator(3)
    mdp = random_mdp(4, 3, DISCOUNT, rng)
    policy, expert = (occupancy_of(mdp, random_policy(mdp, rng)) for _ in range(2))
    return reward_errors(policy, expert, NUM_PAIRS, 0)


@pytest.mark.parametrize("label", ["GAIL", "FEM", "GTAL"])
def test_rewards_of_large_batches_are_the_exact_ones(errors: dict[str, np.ndarray], label: str) -> None:
    few, many = errors[label]
    assert many < 0.1
    assert many < few / 3


def test_a_policy_that_is_the_expert_is_paid_log_one_half() -> None:
    expert = np.full((2, 2), 2.5)
    np.testing.assert_allclose(exact_adversarial_reward(expert, expert), np.log(0.5))
    draws = torch.Generator().manual_seed(0)
    pairs, shown = (draw_transitions(expert, 4000, draws) for _ in range(2))
    demonstrations = Demonstrations(shown.observations, shown.actions)
    paid = sampled_reward("GAIL", demonstrations, pairs, (2, 2), draws)
    np.testing.assert_allclose(paid, np.log(0.5), atol=0.1)
