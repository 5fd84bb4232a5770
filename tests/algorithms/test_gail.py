"""GAIL: the reward that its discriminator gives, and how a policy starts."""

import copy
import math
from typing import Any

import pytest
import torch

from gailpipe.algorithms.bc.cloning import validation_error
from gailpipe.algorithms.gail.learner import initialize
from gailpipe.algorithms.gail.reward import GailReward
from gailpipe.algorithms.gail.settings import Gail
from gailpipe.demonstrations.demonstrations import Demonstrations
from gailpipe.envs.spaces import Interface
from gailpipe.foundation.params import load_section
from gailpipe.policies.policy import GaussianPolicy, make_policy
from gailpipe.training.checkpoint import Checkpoint
from tests.algorithms.test_bc import CLONING, linear_expert
from tests.environments import continuous_environment, discrete_environment, generator, transitions_of
from tests.workspace import ROOT


def gail_settings(**different: Any) -> Gail:
    settings = load_section(ROOT / "params.yaml", Gail, "gail", "Hopper-v5", ["episodes_end_on_success=false"])
    return settings.model_copy(update=different)


def test_gail_reward_learns_to_tell_the_expert_from_the_policy_and_pays_for_likeness() -> None:
    policy = make_policy(discrete_environment(observation_dim=1, count=2), [8], 0.0, generator())
    expert = Demonstrations(torch.linspace(-1, 1, 50).unsqueeze(1), torch.ones(50, dtype=torch.int64))
    reward = GailReward(policy, expert, gail_settings(), generator())
    observations = torch.linspace(-1, 1, 33).unsqueeze(1)
    zeros = transitions_of(observations, torch.zeros(32, dtype=torch.int64))
    ones = transitions_of(observations, torch.ones(32, dtype=torch.int64))
    for _ in range(300):
        figures = reward.fit(zeros)
    assert figures["expert_accuracy"] == figures["policy_accuracy"] == 1
    with torch.no_grad():
        assert (reward(ones) > reward(zeros) + 0.5).all()


def test_causal_entropy_adds_lambda_times_minus_log_prob() -> None:
    policy = make_policy(discrete_environment(observation_dim=1, count=2), [8], 0.0, generator())
    expert = Demonstrations(torch.zeros(5, 1), torch.ones(5, dtype=torch.int64))
    transitions = transitions_of(torch.tensor([[0.0], [3.0], [0.0]]), torch.ones(2, dtype=torch.int64))
    with torch.no_grad():
        policy.logit_network[-1].weight.mul_(100)  # type: ignore[index, union-attr]
        log_probs = policy.distribution(transitions.observations).log_prob(transitions.actions)
        assert abs(float(log_probs[0] - log_probs[1])) > 0.1
        without = GailReward(policy, expert, gail_settings(causal_entropy=0.0), generator())(transitions)
        with_entropy = GailReward(policy, expert, gail_settings(causal_entropy=0.3), generator())(transitions)
    torch.testing.assert_close(with_entropy - without, -0.3 * log_probs)


@pytest.mark.parametrize("steps", [0, CLONING.steps])
def test_a_new_policy_explores_as_widely_as_the_demonstrations_whether_it_is_cloned_or_not(steps: int) -> None:
    cloning, expert = CLONING.model_copy(update={"steps": steps}), linear_expert()
    settings = gail_settings(cloning=cloning, initial_log_std=-0.7)
    policy = make_policy(continuous_environment(), [32], 0.0, generator())
    assert isinstance(policy, GaussianPolicy)
    before = copy.deepcopy(policy.mean_network.state_dict())
    initialize(policy, expert, settings, generator(), Checkpoint())
    moved = any(not torch.equal(before[name], new) for name, new in policy.mean_network.state_dict().items())
    assert moved == (steps > 0)
    assert (validation_error(policy, expert.observations, expert.actions) < 0.01) == moved
    spread = policy.encode_actions(expert.actions).std(0, correction=0)
    torch.testing.assert_close(policy.log_std.detach().exp(), math.exp(-0.7) * spread)
    torch.testing.assert_close(policy.normalizer.mean, expert.observations.double().mean(0))


@pytest.mark.parametrize("environment", [continuous_environment(), discrete_environment(observation_dim=3, count=4)])
def test_a_cloned_policy_acts_as_before_when_its_normalizer_learns(environment: Interface) -> None:
    policy = make_policy(environment, [32, 16], 0.0, generator())
    observations = torch.randn(200, environment.observation_dim, generator=generator())
    expert = Demonstrations(observations, policy.sample(observations, generator()).detach())
    initialize(policy, expert, gail_settings(cloning=CLONING), generator(), Checkpoint())
    log_probs = policy.distribution(observations).log_prob(expert.actions)
    policy.normalizer.update(3 + 2 * torch.randn(4096, environment.observation_dim, generator=generator()))
    assert (policy.normalizer.mean > 2).all()
    torch.testing.assert_close(policy.distribution(observations).log_prob(expert.actions), log_probs)


def test_of_observations_alone_a_policy_starts_without_a_look_at_actions() -> None:
    policy, expert = make_policy(continuous_environment(), [32], -0.7, generator()), linear_expert()
    unknown = Demonstrations(expert.observations, torch.full_like(expert.actions, torch.nan))
    initialize(policy, unknown, gail_settings(observations_only=True), generator(), Checkpoint())
    assert isinstance(policy, GaussianPolicy)
    torch.testing.assert_close(policy.log_std.detach(), torch.full((2,), -0.7))
    torch.testing.assert_close(policy.normalizer.mean, expert.observations.double().mean(0))
