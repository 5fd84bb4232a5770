"""GAIL: the discriminator, the reward it gives, and how a policy starts."""

import math
from typing import Any

import pytest
import torch

from gailpipe.algorithms.bc.cloning import validation_error
from gailpipe.algorithms.gail.learner import initialize
from gailpipe.algorithms.gail.loss import bernoulli_entropy, discriminator_loss, gradient_penalty
from gailpipe.algorithms.gail.reward import GailReward
from gailpipe.algorithms.gail.settings import DiscriminatorFit, Gail
from gailpipe.demonstrations.demonstrations import Demonstrations
from gailpipe.foundation.params import load_section
from gailpipe.policies.normalizer import Normalizer
from gailpipe.policies.policy import GaussianPolicy, make_policy
from gailpipe.rewards.discriminator import Discriminator, imitation_reward
from gailpipe.training.checkpoint import Checkpoint
from tests.algorithms.test_bc import CLONING, linear_expert
from tests.environments import continuous_environment, discrete_environment, generator, rollout_of
from tests.workspace import ROOT

LOGITS = torch.tensor([-3.0, -0.5, 0.0, 2.0])


def last_weights(discriminator: Discriminator) -> torch.Tensor:
    *_, weights, _ = discriminator.network.parameters()
    return weights


def gail_settings(**different: Any) -> Gail:
    settings = load_section(ROOT / "params.yaml", Gail, "gail", "Hopper-v5")
    return settings.model_copy(update=different)


def test_rewards_are_log_d_and_minus_log_one_minus_d() -> None:
    probability = torch.sigmoid(LOGITS)
    torch.testing.assert_close(imitation_reward(LOGITS, True), probability.log())
    torch.testing.assert_close(imitation_reward(LOGITS, False), -(1 - probability).log())


def test_the_rewards_signs_suit_how_episodes_end_and_differ_by_the_logit() -> None:
    success, failure = imitation_reward(LOGITS, True), imitation_reward(LOGITS, False)
    assert (success <= 0).all()
    assert (failure >= 0).all()
    torch.testing.assert_close(success + failure, LOGITS)


def test_rewards_stay_finite_where_d_rounds_to_0_or_1() -> None:
    assert imitation_reward(torch.tensor([200.0]), False).item() == 200
    assert imitation_reward(torch.tensor([-200.0]), True).item() == -200


def test_bernoulli_entropy_is_log_two_at_zero_and_that_of_the_formula() -> None:
    p = torch.sigmoid(LOGITS)
    torch.testing.assert_close(bernoulli_entropy(LOGITS), -p * p.log() - (1 - p) * (1 - p).log())
    assert bernoulli_entropy(torch.zeros(())).item() == pytest.approx(math.log(2))


def test_an_undecided_discriminator_loses_log_four() -> None:
    discriminator = Discriminator(Normalizer(2), 1, [4], generator())
    torch.nn.init.zeros_(last_weights(discriminator))
    settings = DiscriminatorFit(learning_rate=1.0, steps=1, batch_size=8, gradient_penalty=5.0, entropy_bonus=0.5)
    loss = discriminator_loss(discriminator, torch.randn(3, 3), torch.randn(9, 3), settings, generator())
    assert loss.item() == pytest.approx(math.log(4) - 0.5 * math.log(2), rel=1e-6)


def test_gradient_penalty_agrees_with_finite_differences() -> None:
    discriminator = Discriminator(Normalizer(2), 1, [16], generator()).double()
    with torch.no_grad():
        last_weights(discriminator).mul_(20)
    points = torch.randn(4, 3, generator=generator(), dtype=torch.float64)
    steps = 1e-6 * torch.eye(3, dtype=torch.float64)
    with torch.no_grad():
        slopes = torch.stack(
            [(discriminator.logits(points + h) - discriminator.logits(points - h)) / 2e-6 for h in steps], dim=-1
        )
    expected = (slopes.norm(dim=-1) - 1).relu().square().mean()
    assert expected > 0.1
    torch.testing.assert_close(gradient_penalty(discriminator, points).detach(), expected)


def test_the_gradient_penalty_is_that_of_points_between_expert_and_policy(monkeypatch: pytest.MonkeyPatch) -> None:
    discriminator = Discriminator(Normalizer(2), 1, [16], generator())
    with torch.no_grad():
        last_weights(discriminator).mul_(20)
    expert, policy = torch.tensor([[2.0, 0.0, 1.0]]).expand(5, 3), torch.tensor([[-2.0, 4.0, 1.0]]).expand(200, 3)
    points = []

    def spy(discriminator: Discriminator, inputs: torch.Tensor) -> torch.Tensor:
        points.append(inputs)
        return gradient_penalty(discriminator, inputs)

    monkeypatch.setattr("gailpipe.algorithms.gail.loss.gradient_penalty", spy)
    settings = DiscriminatorFit(learning_rate=1.0, steps=1, batch_size=8, gradient_penalty=0.0, entropy_bonus=0.0)
    penalised = settings.model_copy(update={"gradient_penalty": 3.0})
    without, penalty = (
        discriminator_loss(discriminator, expert, policy, one, generator()) for one in (settings, penalised)
    )
    (inputs,) = points
    shares = (inputs[:, 0] + 2) / 4
    torch.testing.assert_close(inputs, shares[:, None] * expert[:1] + (1 - shares[:, None]) * policy[:1])
    assert 0 <= float(shares.min()) < 0.05
    assert 0.95 < float(shares.max()) <= 1
    added = 3.0 * gradient_penalty(discriminator, inputs)
    assert float(added.detach()) > 0.1
    torch.testing.assert_close(penalty - without, added)


def test_few_expert_pairs_weigh_as_much_as_many_of_the_policy() -> None:
    discriminator = Discriminator(Normalizer(2), 1, [4], generator())
    settings = DiscriminatorFit(learning_rate=1.0, steps=1, batch_size=8, gradient_penalty=0.0, entropy_bonus=0.0)
    expert, policy = torch.randn(2, 3), torch.randn(6, 3)
    once = discriminator_loss(discriminator, expert, policy, settings, generator())
    thrice = discriminator_loss(discriminator, expert.repeat(3, 1), policy, settings, generator())
    torch.testing.assert_close(once, thrice)


def test_gail_reward_learns_to_tell_the_expert_from_the_policy_and_pays_for_likeness() -> None:
    policy = make_policy(discrete_environment(observation_dim=1, count=2), [8], 0.0, generator())
    expert = Demonstrations(torch.linspace(-1, 1, 50).unsqueeze(1), torch.ones(50, dtype=torch.int64))
    reward = GailReward(policy, expert, gail_settings(hidden_sizes=[16]), generator())
    observations = torch.linspace(-1, 1, 33).unsqueeze(1)
    zeros = rollout_of(observations, torch.zeros(32, dtype=torch.int64))
    ones = rollout_of(observations, torch.ones(32, dtype=torch.int64))
    for _ in range(300):
        figures = reward.fit(zeros)
    assert figures["expert_accuracy"] == figures["policy_accuracy"] == 1
    with torch.no_grad():
        assert (reward(ones) > reward(zeros) + 0.5).all()


def test_gail_learns_nothing_from_resets() -> None:
    observations, actions = torch.tensor([[1.0], [900.0], [3.0], [0.0]]), torch.tensor([0, 1, 1])
    with_reset = rollout_of(observations, actions, valid=torch.tensor([True, False, True]))
    without = rollout_of(observations[[0, 2, 3]], actions[[0, 2]])
    expert = Demonstrations(torch.linspace(-1, 1, 6).unsqueeze(1), torch.ones(6, dtype=torch.int64))
    found = []
    for rollout in (with_reset, without):
        policy = make_policy(discrete_environment(observation_dim=1, count=2), [8], 0.0, generator())
        reward = GailReward(policy, expert, gail_settings(), generator())
        found.append((reward.fit(rollout), reward(without)))
    (figures, rewards), (expected_figures, expected_rewards) = found
    assert figures == expected_figures
    assert torch.equal(rewards, expected_rewards)


def test_a_step_of_the_discriminator_sees_as_many_pairs_as_a_batch_has_and_none_twice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen = []

    def spy(discriminator: Discriminator, expert: torch.Tensor, policy: torch.Tensor, *others: Any) -> torch.Tensor:
        seen.append([sorted(inputs[:, 0].tolist()) for inputs in (expert, policy)])
        return discriminator_loss(discriminator, expert, policy, *others)

    monkeypatch.setattr("gailpipe.algorithms.gail.reward.discriminator_loss", spy)
    expert = Demonstrations(torch.linspace(-1, 1, 8).unsqueeze(1), torch.ones(8, dtype=torch.int64))
    policy = make_policy(discrete_environment(observation_dim=1, count=2), [8], 0.0, generator())
    fit = gail_settings().discriminator.model_copy(update={"steps": 2, "batch_size": 10})
    settings = gail_settings(discriminator=fit)
    reward = GailReward(policy, expert, settings, generator())
    reward.fit(rollout_of(torch.linspace(-1, 1, 41).unsqueeze(1), torch.zeros(40, dtype=torch.int64)))
    of_expert, of_policy = zip(*seen, strict=True)
    whole = sorted(policy.normalizer(expert.observations)[:, 0].tolist())
    assert list(of_expert) == [whole, whole]
    assert [len(set(batch)) for batch in of_policy] == [len(batch) for batch in of_policy] == [10, 10]
    assert of_policy[0] != of_policy[1]


def test_causal_entropy_adds_lambda_times_minus_log_prob() -> None:
    policy = make_policy(discrete_environment(observation_dim=1, count=2), [8], 0.0, generator())
    expert = Demonstrations(torch.zeros(5, 1), torch.ones(5, dtype=torch.int64))
    rollout = rollout_of(torch.tensor([[0.0], [3.0], [0.0]]), torch.ones(2, dtype=torch.int64))
    with torch.no_grad():
        policy.logit_network[-1].weight.mul_(100)  # type: ignore[index, union-attr]
        log_probs = policy.distribution(rollout.observations[:-1]).log_prob(rollout.actions)
        assert abs(float(log_probs[0] - log_probs[1])) > 0.1
        without = GailReward(policy, expert, gail_settings(causal_entropy=0.0), generator())(rollout)
        with_entropy = GailReward(policy, expert, gail_settings(causal_entropy=0.3), generator())(rollout)
    torch.testing.assert_close(with_entropy - without, -0.3 * log_probs)


def test_initialisation_by_cloning_moves_the_mean_and_leaves_the_noise() -> None:
    settings, expert = gail_settings(cloning=CLONING, initial_log_std=-0.7), linear_expert()
    policy = make_policy(continuous_environment(), [32], -0.7, generator())
    assert isinstance(policy, GaussianPolicy)
    initialize(policy, expert, settings, generator(), Checkpoint())
    assert validation_error(policy, expert.observations, expert.actions) < 0.01
    torch.testing.assert_close(policy.log_std.detach(), torch.full((2,), -0.7))


def test_without_cloning_only_the_normaliser_starts_from_the_demonstrations() -> None:
    policy, expert = make_policy(continuous_environment(), [32], -0.7, generator()), linear_expert()
    before = [parameter.clone() for parameter in policy.parameters()]
    settings = gail_settings()
    assert settings.cloning.steps == 0
    initialize(policy, expert, settings, generator(), Checkpoint())
    assert all(torch.equal(*pair) for pair in zip(before, policy.parameters(), strict=True))
    torch.testing.assert_close(policy.normalizer.mean, expert.observations.double().mean(0))
