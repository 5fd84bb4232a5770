"""Discriminators, held to the formulas of their forms."""

import pytest
import torch
from torch import Tensor

from gailpipe.policies.policy import Policy
from gailpipe.rewards.discriminator import Judged, PairDiscriminator, ShapedDiscriminator
from gailpipe.training.transitions import Transitions
from tests.environments import continuous_environment, discrete_environment, generator, transitions_of
from tests.rewards.forms import DISCOUNT, FORMS, SHAPED, adversarial, new_discriminator, new_policy, steps_of

JUDGED = dict(zip(FORMS, [Judged.PAIRS, Judged.STATE_PAIRS, Judged.PAIRS, Judged.STATES, Judged.STATES], strict=True))
ENVS = [continuous_environment(), discrete_environment()]


@pytest.fixture(params=range(len(ENVS)))
def policy(request: pytest.FixtureRequest) -> Policy:
    return new_policy(ENVS[request.param])


def shaped(policy: Policy, form: str) -> ShapedDiscriminator:
    discriminator = new_discriminator(policy, adversarial(**FORMS[form]))
    assert isinstance(discriminator, ShapedDiscriminator)
    return discriminator


def reward_of(discriminator: ShapedDiscriminator, policy: Policy, steps: Transitions) -> Tensor:
    """Return g, (num_steps,), computed apart."""
    judged = [policy.normalizer(steps.observations)]
    if discriminator.judged is Judged.PAIRS:
        judged.append(policy.encode_actions(steps.actions))
    return discriminator.network(torch.cat(judged, -1)).squeeze(-1)


def potential_of(discriminator: ShapedDiscriminator, policy: Policy, observations: Tensor) -> Tensor:
    """Return h, (...)."""
    return discriminator.potential(policy.normalizer(observations)).squeeze(-1)


def episode(policy: Policy, terminated: bool, length: int = 7) -> Transitions:
    observations = torch.randn(length + 1, policy.environment.observation_dim, generator=generator())
    actions = policy.sample(observations[:-1], generator()).detach()
    return transitions_of(observations, actions, (torch.arange(length) == length - 1) & terminated)


@pytest.mark.parametrize(("form", "judged"), list(JUDGED.items()))
def test_each_form_judges_what_it_says(policy: Policy, form: str, judged: Judged) -> None:
    assert new_discriminator(policy, adversarial(**FORMS[form])).judged is judged


def test_pairs_are_standardised_observations_beside_encoded_actions_or_next_observations(policy: Policy) -> None:
    steps = steps_of(policy)
    seen = policy.normalizer(steps.observations)
    beside = {
        "pairs": policy.encode_actions(steps.actions),
        "pairs of states": policy.normalizer(steps.next_observations),
    }
    for form, others in beside.items():
        discriminator = new_discriminator(policy, adversarial(**FORMS[form]))
        assert isinstance(discriminator, PairDiscriminator)
        expected = discriminator.network(torch.cat([seen, others], -1)).squeeze(-1)
        torch.testing.assert_close(discriminator(steps), expected)


@pytest.mark.parametrize("form", SHAPED)
@torch.no_grad()
def test_f_is_the_reward_and_its_shaping(policy: Policy, form: str) -> None:
    discriminator, steps = shaped(policy, form), steps_of(policy)
    after = potential_of(discriminator, policy, steps.next_observations)
    before = potential_of(discriminator, policy, steps.observations)
    expected = reward_of(discriminator, policy, steps) + DISCOUNT * torch.where(steps.terminated, 0, after) - before
    torch.testing.assert_close(discriminator(steps), expected)


@pytest.mark.parametrize("form", SHAPED)
@torch.no_grad()
def test_shaping_telescopes_over_an_episode(policy: Policy, form: str) -> None:
    """What it adds to the discounted return depends on the ends alone, whatever the policy does between them."""
    discriminator = shaped(policy, form)
    for terminated in (True, False):
        steps = episode(policy, terminated)
        shaping = discriminator(steps) - reward_of(discriminator, policy, steps)
        assert float(shaping.abs().max()) > 0.1
        first, last = potential_of(
            discriminator, policy, torch.stack([steps.observations[0], steps.next_observations[-1]])
        )
        expected = -first if terminated else DISCOUNT**7 * last - first
        torch.testing.assert_close((DISCOUNT ** torch.arange(7.0)) @ shaping, expected)


@pytest.mark.parametrize("form", SHAPED)
@torch.no_grad()
def test_a_state_that_ends_its_episode_has_no_potential(policy: Policy, form: str) -> None:
    discriminator, steps = shaped(policy, form), episode(policy, terminated=True)
    difference = discriminator(episode(policy, terminated=False)) - discriminator(steps)
    after = DISCOUNT * potential_of(discriminator, policy, steps.next_observations)
    assert abs(float(after[-1])) > 0.01
    torch.testing.assert_close(difference, torch.where(steps.terminated, after, 0))


@pytest.mark.parametrize("form", FORMS)
@torch.no_grad()
def test_only_forms_of_actions_depend_on_actions(policy: Policy, form: str) -> None:
    discriminator, steps = new_discriminator(policy, adversarial(**FORMS[form])), steps_of(policy)
    others = Transitions(
        steps.observations, steps.actions.roll(1, 0), steps.next_observations, steps.rewards, steps.terminated
    )
    depends = not torch.equal(discriminator(steps), discriminator(others))
    assert depends == (form in ("pairs", "shaped"))


@pytest.mark.parametrize("form", FORMS)
@torch.no_grad()
def test_logits_have_the_batch_dimensions_of_transitions(policy: Policy, form: str) -> None:
    discriminator, steps = new_discriminator(policy, adversarial(**FORMS[form])), steps_of(policy, 12)
    nested = steps[torch.arange(12).view(3, 4)]
    torch.testing.assert_close(discriminator(nested), discriminator(steps).view(3, 4))


@pytest.mark.parametrize("form", ["pairs", "pairs of states"])
def test_no_logit_of_normed_layers_changes_faster_than_what_is_judged(form: str) -> None:
    policy = new_policy(continuous_environment())
    discriminator = new_discriminator(policy, adversarial(**FORMS[form], spectral_norm=True))
    steps = steps_of(policy, 200)
    inputs = discriminator.inputs(steps)
    with torch.no_grad():
        for _ in range(200):
            discriminator(steps)
        discriminator.eval()
        others = inputs + 0.01 * torch.randn(inputs.shape, generator=generator())
        slopes = (discriminator.logits(inputs) - discriminator.logits(others)).abs() / (inputs - others).norm(dim=-1)
    assert 0.1 < float(slopes.max()) <= 1 + 1e-3
