"""FEM and GTAL: their features, and the laws of their weights."""

import pytest
import torch

from gailpipe.algorithms.linear.features import Features
from gailpipe.algorithms.linear.reward import LinearReward, Weigh, fem_weights, gtal_weights
from gailpipe.demonstrations.demonstrations import Demonstrations
from gailpipe.policies.policy import Policy, make_policy
from tests.environments import continuous_environment, discrete_environment, generator, transitions_of

GAP = torch.tensor([0.3, -2.0, 1.0])


def continuous_policy() -> Policy:
    return make_policy(continuous_environment(observation_dim=1, low=(-1.0,), high=(1.0,)), [4], 0.0, generator())


def test_fem_weights_point_along_the_gap_and_have_unit_norm() -> None:
    weights = fem_weights(GAP)
    assert float(weights.norm()) == pytest.approx(1)
    torch.testing.assert_close(weights * GAP.norm(), GAP)


def test_gtal_weights_choose_the_worst_feature_with_its_sign() -> None:
    assert gtal_weights(GAP).tolist() == [0, -1, 0]
    assert gtal_weights(-GAP).tolist() == [0, 1, 0]


@pytest.mark.parametrize("weigh", [fem_weights, gtal_weights])
def test_weights_of_the_ball_and_of_the_simplex_give_the_expert_the_largest_lead(weigh: Weigh) -> None:
    lead = float(weigh(GAP) @ GAP)
    others = torch.randn(1000, 3, generator=generator())
    norm = 2 if weigh is fem_weights else 1
    inside = others / others.norm(p=norm, dim=1, keepdim=True)
    assert lead == pytest.approx(float(GAP.norm(p=2 if weigh is fem_weights else torch.inf)))
    assert float((inside @ GAP).max()) <= lead


@pytest.mark.parametrize("weigh", [fem_weights, gtal_weights])
def test_equal_feature_expectations_leave_no_reward(weigh: Weigh) -> None:
    assert not weigh(torch.zeros(3)).any()
    policy = continuous_policy()
    observations, actions = torch.randn(9, 1, generator=generator()), torch.rand(8, 1, generator=generator())
    expert = Demonstrations(observations[:-1], actions)
    reward = LinearReward(policy, expert, False, weigh)
    transitions = transitions_of(observations, actions)
    assert reward.fit(transitions) == {"expert_lead": 0}
    assert not reward(transitions).any()


def test_features_of_continuous_actions_are_standardised_and_their_scaled_squares() -> None:
    expert = Demonstrations(torch.tensor([[1.0], [3.0]]), torch.tensor([[0.0], [1.0]]))  # moments 2, 1 and 1/2, 1/2
    features = Features(continuous_policy(), expert)
    found = features(torch.tensor([[5.0]]), torch.tensor([[7.0]]))  # executed as 1
    torch.testing.assert_close(found, torch.tensor([[3.0, 1.0, 0.03**2, 0.01**2]]), atol=1e-6, rtol=1e-6)


def test_features_of_discrete_actions_stand_in_the_actions_block() -> None:
    policy = make_policy(discrete_environment(observation_dim=1, count=3), [4], 0.0, generator())
    expert = Demonstrations(torch.tensor([[1.0], [3.0]]), torch.tensor([0, 2]))
    found = Features(policy, expert)(torch.tensor([[4.0], [0.0]]), torch.tensor([1, 2]))
    expected = torch.tensor([[0, 0, 2.0, 0.02**2, 0, 0], [0, 0, 0, 0, -2.0, 0.02**2]])
    torch.testing.assert_close(found, expected, atol=1e-6, rtol=1e-6)


@pytest.mark.parametrize("weigh", [fem_weights, gtal_weights])
def test_the_rewards_sign_suits_how_episodes_end_and_its_bound_only_widens(weigh: Weigh) -> None:
    policy = continuous_policy()
    expert = Demonstrations(torch.randn(20, 1, generator=generator()) + 1, torch.rand(20, 1, generator=generator()))
    wide = transitions_of(4 * torch.randn(31, 1, generator=generator()), torch.full((30, 1), 0.5))
    narrow = transitions_of(torch.zeros(31, 1), torch.full((30, 1), 0.5))
    for on_success, sign in ((False, 1), (True, -1)):
        reward = LinearReward(policy, expert, on_success, weigh)
        reward.fit(wide)
        first = sign * reward(wide)
        assert float(first.min()) == 0
        assert float(first.max()) > 0
        assert float((sign * reward(narrow)).min()) > 0
        torch.testing.assert_close(sign * reward(wide), first)


def test_the_expert_lead_is_the_gap_in_the_norm_of_the_class() -> None:
    policy = continuous_policy()
    expert = Demonstrations(torch.tensor([[1.0], [3.0]]), torch.tensor([[0.0], [1.0]]))
    transitions = transitions_of(torch.tensor([[3.0], [0.0]]), torch.tensor([[0.5]]))  # 1 deviation off, and 0
    features = [0.0 - 1.0, 0.0 - 0.0, 1e-4 - 1e-4, 1e-4 - 0.0]  # of the expert, less the policy's
    fem, gtal = (LinearReward(policy, expert, False, weigh).fit(transitions) for weigh in (fem_weights, gtal_weights))
    assert fem["expert_lead"] == pytest.approx(sum(gap**2 for gap in features) ** 0.5)
    assert gtal["expert_lead"] == pytest.approx(1)
