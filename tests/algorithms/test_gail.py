"""GAIL: the reward that its discriminator gives, and how a policy starts."""

from typing import Any

import torch

from gailpipe.algorithms.bc.cloning import validation_error
from gailpipe.algorithms.gail.learner import initialize
from gailpipe.algorithms.gail.reward import GailReward
from gailpipe.algorithms.gail.settings import Gail
from gailpipe.demonstrations.demonstrations import Demonstrations
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
