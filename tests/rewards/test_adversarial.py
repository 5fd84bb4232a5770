"""Rewards of discriminators that learn along: what they are fitted on, and what they pay."""

import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.nn.functional import softplus

from gailpipe.demonstrations.demonstrations import Demonstrations
from gailpipe.policies.policy import Policy
from gailpipe.rewards.adversarial import AdversarialReward
from gailpipe.training.checkpoint import Checkpoint
from gailpipe.training.transitions import Transitions
from tests.environments import continuous_environment, discrete_environment, generator
from tests.rewards.forms import (
    DISCOUNT,
    FORMS,
    SHAPED,
    adversarial,
    demonstrations_of,
    new_policy,
    new_reward,
    steps_of,
)

OF_ACTIONS = ["shaped", "shaped states"]  # whose D has π in it
OF_OBSERVATIONS = ["pairs of states", "shaped, of observations only"]
ENVS = [continuous_environment(), discrete_environment()]


@pytest.fixture(params=range(len(ENVS)))
def policy(request: pytest.FixtureRequest) -> Policy:
    return new_policy(ENVS[request.param])


def densities(policy: Policy, steps: Transitions) -> Tensor:
    """Return π(a|s), (num_steps,), in the environment's own units, by the textbook."""
    if policy.environment.name == "Discrete-v0":
        exponentials = policy.logits(steps.observations).exp()  # type: ignore[operator]
        return (exponentials / exponentials.sum(-1, keepdim=True))[torch.arange(len(steps)), steps.actions]
    std = policy.log_std.exp() * policy.encoder.unit  # type: ignore[operator]
    deviations = (steps.actions - policy.mode(steps.observations)) / std
    return (torch.exp(-(deviations**2) / 2) / (math.sqrt(2 * math.pi) * std)).prod(-1)


@pytest.mark.parametrize("form", OF_ACTIONS)
@torch.no_grad()
def test_airl_pays_f_less_log_pi(policy: Policy, form: str) -> None:
    reward, steps = new_reward(policy, demonstrations_of(policy), adversarial(**FORMS[form])), steps_of(policy)
    torch.testing.assert_close(reward(steps), reward.discriminator(steps) - densities(policy, steps).log())


@torch.no_grad()
def test_with_observations_alone_airl_pays_f(policy: Policy) -> None:
    settings = adversarial(**FORMS["shaped, of observations only"])
    reward, steps = new_reward(policy, demonstrations_of(policy), settings), steps_of(policy)
    torch.testing.assert_close(reward(steps), reward.discriminator(steps))


@pytest.mark.parametrize("form", OF_ACTIONS)
def test_airls_d_is_exp_f_beside_pi(policy: Policy, form: str) -> None:
    """Its reward is log D − log(1 − D), and its loss the cross-entropy of that D."""
    demonstrations, steps = demonstrations_of(policy), steps_of(policy)
    reward = new_reward(policy, demonstrations, adversarial(**FORMS[form]))
    expert = demonstrations.transitions(followed=True)
    with torch.no_grad():
        of_expert, of_policy = (
            reward.discriminator(one).exp() / (reward.discriminator(one).exp() + densities(policy, one))
            for one in (expert, steps)
        )
        torch.testing.assert_close(torch.sigmoid(reward(steps)), of_policy)
    figures = reward.fit(steps)
    expected = -of_expert.log().mean() - (1 - of_policy).log().mean()
    assert figures["discriminator_loss"] == pytest.approx(float(expected), rel=1e-5)
    assert figures["expert_accuracy"] == pytest.approx(float((of_expert > 0.5).float().mean()))
    assert figures["policy_accuracy"] == pytest.approx(float((of_policy < 0.5).float().mean()))


@pytest.mark.parametrize("form", OF_ACTIONS)
def test_where_the_learner_has_an_entropy_of_its_own_d_is_of_f_alone(policy: Policy, form: str) -> None:
    demonstrations, steps = demonstrations_of(policy), steps_of(policy)
    reward = new_reward(policy, demonstrations, adversarial(**FORMS[form]), less_log_probs=False)
    with torch.no_grad():
        of_expert, of_policy = (reward.discriminator(one) for one in (demonstrations.transitions(followed=True), steps))
    torch.testing.assert_close(reward(steps), of_policy)
    expected = softplus(-of_expert).mean() + softplus(of_policy).mean()
    assert reward.fit(steps)["discriminator_loss"] == pytest.approx(float(expected), rel=1e-5)


@pytest.mark.parametrize("form", OF_OBSERVATIONS)
def test_observations_alone_depend_on_no_actions_and_need_none(policy: Policy, form: str) -> None:
    demonstrations, steps = demonstrations_of(policy), steps_of(policy)
    nonsense = torch.full_like(demonstrations.actions, -1 if policy.environment.name == "Discrete-v0" else math.nan)
    unknown = replace(demonstrations, actions=nonsense)
    found = []
    for pairs, taken in ((demonstrations, steps.actions), (unknown, nonsense[: len(steps)])):
        reward = new_reward(policy, pairs, adversarial(**FORMS[form], gradient_penalty=1.0))
        transitions = replace(steps, actions=taken)
        figures = [reward.fit(transitions) for _ in range(3)]
        found.append((figures, reward(transitions)))
    (figures, rewards), (others, of_nonsense) = found
    assert figures == others
    assert bool(rewards.isfinite().all())
    assert torch.equal(rewards, of_nonsense)


@pytest.mark.parametrize("form", FORMS)
def test_pairs_whose_next_observation_is_not_known_teach_nothing_where_it_matters(form: str) -> None:
    policy = new_policy(discrete_environment())
    whole = demonstrations_of(policy)
    assert whole.next_observations is not None
    assert whole.terminated is not None
    following = whole.next_observations.clone()
    following[::2] = math.nan
    half = Demonstrations(whole.observations[1::2], whole.actions[1::2], following[1::2], whole.terminated[1::2])
    with_gaps, without, full = (
        new_reward(policy, pairs, adversarial(**FORMS[form])).fit(steps_of(policy))
        for pairs in (replace(whole, next_observations=following), half, whole)
    )
    assert with_gaps == (full if form == "pairs" else without)
    assert full != without


@pytest.mark.parametrize("form", FORMS)
def test_every_form_learns_to_tell_the_expert_from_the_policy(form: str) -> None:
    """The expert goes up, always with action 1; the policy goes down, always with action 0."""
    policy = new_policy(discrete_environment(observation_dim=1, count=2))
    before = torch.linspace(-1, 1, 50).unsqueeze(1)
    ones = torch.ones(50, dtype=torch.int64)
    no = torch.zeros(50, dtype=torch.bool)
    reward = new_reward(policy, Demonstrations(before, ones, before + 1, no), adversarial(**FORMS[form], steps=3))
    down = Transitions(before, 1 - ones, before - 1, no.float(), no)
    first = reward.fit(down)
    for _ in range(150):
        figures = reward.fit(down)
    assert figures["discriminator_loss"] < first["discriminator_loss"] - 0.2
    if form != "shaped states":
        assert figures["expert_accuracy"] == figures["policy_accuracy"] == 1
        assert (reward(Transitions(before, ones, before + 1, no.float(), no)) > reward(down) + 0.5).all()


def test_a_step_of_the_discriminator_sees_as_many_pairs_as_a_batch_has_and_none_twice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    policy = new_policy(discrete_environment(observation_dim=1, count=2))
    expert = Demonstrations(torch.linspace(-1, 1, 8).unsqueeze(1), torch.ones(8, dtype=torch.int64))
    reward = new_reward(policy, expert, adversarial(steps=2, batch_size=10))
    seen, inputs = [], reward.discriminator.inputs

    def spy(transitions: Transitions) -> Tensor:
        seen.append(sorted(transitions.observations[:, 0].tolist()))
        return inputs(transitions)

    monkeypatch.setattr(reward.discriminator, "inputs", spy)
    observations, no = torch.linspace(-1, 1, 40).unsqueeze(1), torch.zeros(40, dtype=torch.bool)
    reward.fit(Transitions(observations, no.long(), observations, no.float(), no))
    of_expert, of_policy = seen[::2], seen[1::2]
    whole = sorted(expert.observations[:, 0].tolist())
    assert list(of_expert) == [whole, whole]
    assert [len(set(batch)) for batch in of_policy] == [len(batch) for batch in of_policy] == [10, 10]
    assert of_policy[0] != of_policy[1]


def test_the_gradient_penalty_is_that_of_points_between_expert_and_policy(monkeypatch: pytest.MonkeyPatch) -> None:
    policy = new_policy(continuous_environment())
    seen = []

    def spy(discriminator: torch.nn.Module, inputs: Tensor) -> Tensor:
        seen.append(inputs)
        return torch.tensor(0.5)

    monkeypatch.setattr("gailpipe.rewards.adversarial.gradient_penalty", spy)
    demonstrations, steps = demonstrations_of(policy), steps_of(policy, 200)
    one = Demonstrations(demonstrations.observations[:1], demonstrations.actions[:1])
    without, penalised = (
        new_reward(policy, one, adversarial(gradient_penalty=weight)).fit(steps)["discriminator_loss"]
        for weight in (0.0, 3.0)
    )
    assert penalised - without == pytest.approx(3 * 0.5, rel=1e-5)
    (points,) = seen
    reward = new_reward(policy, one, adversarial())
    expert, start = (reward.discriminator.inputs(pairs) for pairs in (one.transitions(followed=False), steps))
    shares = ((points - start)[:, :1] / (expert - start)[:, :1]).detach()
    assert 0 <= float(shares.min()) < float(shares.max()) <= 1
    torch.testing.assert_close(points, shares * expert + (1 - shares) * start, rtol=1e-3, atol=1e-4)


def test_the_sign_of_what_is_paid_for_pairs_suits_how_episodes_end() -> None:
    policy = new_policy(discrete_environment())
    steps = steps_of(policy)

    def paid(form: str, ends: bool) -> Tensor:
        settings = adversarial(**FORMS[form])
        return AdversarialReward(policy, demonstrations_of(policy), settings, ends, DISCOUNT, True, generator())(steps)

    for form in ("pairs", "pairs of states"):
        assert (paid(form, True) < 0).all()
        assert (paid(form, False) > 0).all()
    for form in SHAPED:
        assert torch.equal(paid(form, True), paid(form, False))


@pytest.mark.parametrize("spectral_norm", [False, True])
@pytest.mark.parametrize("form", FORMS)
def test_what_a_checkpoint_restores_keeps_the_same_files_and_pays_the_same(
    tmp_path: Path, form: str, spectral_norm: bool
) -> None:
    policy = new_policy(continuous_environment())
    learned, restored = (
        new_reward(policy, demonstrations_of(policy), adversarial(**FORMS[form], spectral_norm=spectral_norm))
        for _ in range(2)
    )
    steps = steps_of(policy)
    for _ in range(3):
        learned.fit(steps)
    Checkpoint(tmp_path / "checkpoint").save(learned.parts())
    Checkpoint(tmp_path / "checkpoint").restore(restored.parts())
    assert restored.files() == learned.files()
    assert torch.equal(restored(steps), learned(steps))
    assert restored.fit(steps) == learned.fit(steps)
    assert restored.files() == learned.files()
