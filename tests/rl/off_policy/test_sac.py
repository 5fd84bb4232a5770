"""A step of soft actor-critic, held to numbers worked out by hand."""

import math
from itertools import product
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from gailpipe.envs.spaces import DiscreteActions, Interface
from gailpipe.policies.policy import CategoricalPolicy, ProductPolicy, make_policy
from gailpipe.policies.squashed import make_actor
from gailpipe.rl.off_policy.critics import TwinCritics
from gailpipe.rl.off_policy.sac import FIRST_TEMPERATURE, DiscreteActionValue, SoftActorCritic
from gailpipe.training.transitions import Transitions
from tests.environments import continuous_environment, discrete_environment, generator
from tests.rl.off_policy.settings import tiny

ENVIRONMENTS = [continuous_environment(), discrete_environment()]


def several_environment() -> Interface:
    return Interface("Several-v0", 3, DiscreteActions((3, 2), (0, 0), (2,), np.dtype(np.int64)))


def new_learner(environment: Interface, **different: Any) -> SoftActorCritic:
    """Return a learner whose policy depends on what it observes, unlike a new one."""
    chance = generator()
    policy = make_actor(environment, [8], chance)
    with torch.no_grad():
        for parameter in policy.parameters():
            parameter.add_(0.3 * torch.randn(parameter.shape, generator=chance))
    return SoftActorCritic(policy, tiny(**different), None, chance)


def transitions_of(learner: SoftActorCritic, batch: int = 6) -> Transitions:
    chance = torch.Generator().manual_seed(1)
    before, after = torch.randn(2, batch, 3, generator=chance)
    actions = learner.policy.sample(before, chance).detach()
    return Transitions(before, actions, after, torch.zeros(batch), torch.arange(batch) % 3 == 2)


def say_everywhere(critics: TwinCritics, first: float, second: float) -> None:
    """Let the twins estimate these of whatever they see."""
    with torch.no_grad():
        for parameter in critics.parameters():
            parameter.zero_()
        critics.biases[-1].copy_(torch.tensor([first, second]).view(2, 1, 1))


def uniform(policy: Any) -> None:
    with torch.no_grad():
        for parameter in policy.parameters():
            parameter.zero_()


def test_the_target_is_the_reward_and_what_follows_unless_the_episode_ended() -> None:
    rewards, one = torch.tensor([2.0]), torch.zeros(1, 3)
    found = []
    for ended in (torch.tensor([False]), torch.tensor([True])):
        learner = new_learner(discrete_environment())  # of four actions
        uniform(learner.policy)
        say_everywhere(learner._critics, 1.0, 0.0)
        say_everywhere(learner._target, 3.0, 5.0)
        transitions = Transitions(one, torch.tensor([1]), one, torch.tensor([99.0]), ended)
        found.append(learner.update(transitions, rewards, with_policy=False))
    going_on = 2 + 0.5 * (3 + FIRST_TEMPERATURE * math.log(4))
    for metrics, target in zip(found, (going_on, 2.0), strict=True):
        assert metrics["q"] == pytest.approx(target)
        assert metrics["critic_loss"] == pytest.approx((target - 1) ** 2 + target**2)
        assert set(metrics) == {"q", "critic_loss"}


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_one_backward_pass_gives_the_gradients_of_each_loss_alone(environment: Interface) -> None:
    learner, same = (new_learner(environment) for _ in range(2))
    transitions, rewards = transitions_of(learner), torch.linspace(-1, 1, 6)
    learner.update(transitions, rewards, with_policy=True)
    value, temperature = same._action_value, FIRST_TEMPERATURE
    with torch.no_grad():
        after = value.of_policy(same._target, transitions.next_observations, same._generator)
        following = torch.where(transitions.terminated, 0.0, 0.5 * (after.q - temperature * after.log_probs))
    first, second = value.taken(same._critics, transitions.observations, transitions.actions)
    critic_loss = ((first - rewards - following) ** 2).mean() + ((second - rewards - following) ** 2).mean()
    of_critics = torch.autograd.grad(critic_loss, list(same._critics.parameters()))
    now = value.of_policy(same._critics, transitions.observations, same._generator)
    policy_loss = (temperature * now.log_probs - now.q).mean()
    of_policy = torch.autograd.grad(policy_loss, list(same.policy.parameters()))
    of_temperature = -(now.log_probs.mean() + value.target_entropy).detach()
    for expected, parameters in (
        (of_critics, learner._critics.parameters()),
        (of_policy, learner.policy.parameters()),
        ((of_temperature,), [learner._log_temperature]),
    ):
        for gradient, parameter in zip(expected, parameters, strict=True):
            assert parameter.grad is not None
            torch.testing.assert_close(parameter.grad, gradient)
    assert all(gradient.any() for gradient in (*of_critics, *of_policy))


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_without_the_policy_only_critics_move(environment: Interface) -> None:
    learner = new_learner(environment)
    before = [[one.clone() for one in part.parameters()] for part in (learner.policy, learner.average)]
    critics = [one.clone() for one in learner._critics.parameters()]
    learner.update(transitions_of(learner), torch.ones(6), with_policy=False)
    for parts, part in zip(before, (learner.policy, learner.average), strict=True):
        assert all(map(torch.equal, parts, part.parameters()))
    assert not any(map(torch.equal, critics, learner._critics.parameters()))
    assert float(learner._log_temperature.detach()) == pytest.approx(math.log(FIRST_TEMPERATURE))


@pytest.mark.parametrize("environment", [*ENVIRONMENTS, several_environment()])
def test_the_temperature_falls_above_the_targets_entropy_and_rises_below(environment: Interface) -> None:
    for sharpness, direction in ((0.0, -1), (100.0, 1)):
        learner = new_learner(environment)
        uniform(learner.policy)
        with torch.no_grad():
            *_, biases = learner.policy.parameters()
            if isinstance(learner.policy, CategoricalPolicy):
                biases[0] = sharpness  # of each integer, one action
                biases[3] = sharpness if isinstance(learner.policy, ProductPolicy) else 0.0
            else:
                biases[2:] = -sharpness  # the logarithms of standard deviations
        metrics = learner.update(transitions_of(learner), torch.zeros(6), with_policy=True)
        target = learner._action_value.target_entropy
        assert (metrics["entropy"] > target) == (direction < 0)
        moved = float(learner._log_temperature.detach()) - math.log(FIRST_TEMPERATURE)
        assert moved == pytest.approx(direction * 0.01, rel=1e-3)  # Adam's first step is the learning rate


def test_the_targets_of_entropy() -> None:
    targets = [new_learner(one)._action_value.target_entropy for one in (*ENVIRONMENTS, several_environment())]
    assert targets == pytest.approx([-2, 0.1 * math.log(4), 0.1 * math.log(6)])


def value_of(environment: Interface) -> tuple[DiscreteActionValue, Any, Tensor]:
    policy = make_policy(environment, [8], 0.0, generator())
    with torch.no_grad():
        for parameter in policy.parameters():
            parameter.add_(torch.randn(parameter.shape, generator=generator()))
    assert isinstance(policy, CategoricalPolicy)
    return DiscreteActionValue(policy, tiny(), generator()), policy, torch.randn(5, 3, generator=generator())


def test_expectations_over_discrete_actions_are_exact() -> None:
    value, policy, observations = value_of(discrete_environment())
    found = value.of_policy(value.critics, observations, generator())
    q, log_probs = torch.zeros(2, 5), torch.zeros(5)
    for action in range(4):
        actions = torch.full((5,), action)
        log_prob = policy.distribution(observations).log_prob(actions)
        q += log_prob.exp() * value.taken(value.critics, observations, actions)
        log_probs += log_prob.exp() * log_prob
    torch.testing.assert_close(found.q, q.amin(0))
    torch.testing.assert_close(found.log_probs, log_probs)


def test_expectations_over_several_integers_are_exact() -> None:
    value, policy, observations = value_of(several_environment())
    assert isinstance(policy, ProductPolicy)
    found = value.of_policy(value.critics, observations, generator())
    values = value.critics(policy.normalizer(observations))  # of both critics, for each value of each integer
    q, log_probs, total = torch.zeros(2, 5), torch.zeros(5), torch.zeros(5)
    for first, second in product(range(3), range(2)):
        actions = torch.tensor([first, second]).expand(5, 2)
        log_prob = policy.distribution(observations).log_prob(actions)
        taken = value.taken(value.critics, observations, actions)
        torch.testing.assert_close(taken, values[..., first] + values[..., 3 + second])
        q += log_prob.exp() * taken
        log_probs += log_prob.exp() * log_prob
        total += log_prob.exp()
    torch.testing.assert_close(total, torch.ones(5))
    torch.testing.assert_close(found.q, q.amin(0))
    torch.testing.assert_close(found.log_probs, log_probs)


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_average_and_target_follow_at_their_rates(environment: Interface) -> None:
    learner = new_learner(environment)
    followers = ((learner.average, learner.policy, 0.25), (learner._target, learner._critics, 0.1))
    before = [[one.clone() for one in follower.parameters()] for follower, _, _ in followers]
    learner.update(transitions_of(learner), torch.ones(6), with_policy=True)
    for old, (follower, leader, rate) in zip(before, followers, strict=True):
        for was, now, towards in zip(old, follower.parameters(), leader.parameters(), strict=True):
            assert not torch.equal(now, was)
            torch.testing.assert_close(now, was + rate * (towards - was))


def test_the_cloning_loss_stands_beside_the_policys_in_units_of_the_mean_value() -> None:
    found = []
    for scale in (100.0, 1000.0):
        learner = new_learner(discrete_environment())
        learner._cloning_loss = lambda learner=learner: sum(one.square().sum() for one in learner.policy.parameters())
        with torch.no_grad():
            learner._critics.weights[-1].mul_(scale)
            learner._log_temperature.fill_(-math.inf)  # no entropy, which has a unit of its own
        before = float(learner._cloning_loss().detach())
        metrics = learner.update(transitions_of(learner), torch.zeros(6), with_policy=True)
        assert metrics["cloning_loss"] == pytest.approx(before)
        found.append([parameter.grad for parameter in learner.policy.parameters()])
    for pair in zip(*found, strict=True):
        torch.testing.assert_close(*pair)


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_without_any_weight_of_its_own_loss_a_policy_only_clones(environment: Interface) -> None:
    learner = new_learner(environment)
    learner._cloning_loss = lambda: torch.stack([one.square().sum() for one in learner.policy.parameters()]).sum()
    parameters = [one.detach().clone() for one in learner.policy.parameters()]
    learner.update(transitions_of(learner), torch.ones(6), with_policy=True, policy_weight=0.0)
    for parameter, before in zip(learner.policy.parameters(), parameters, strict=True):
        assert parameter.grad is not None
        torch.testing.assert_close(parameter.grad, 2 * before)
