"""What discriminators lower, held to formulas and finite differences."""

import math

import pytest
import torch

from gailpipe.rewards.loss import bernoulli_entropy, cross_entropy, gradient_penalty, points_between
from tests.environments import continuous_environment, generator
from tests.rewards.forms import FORMS, SHAPED, adversarial, new_discriminator, new_policy, steps_of

LOGITS = torch.tensor([-3.0, -0.5, 0.0, 2.0])


def test_bernoulli_entropy_is_log_two_at_zero_and_that_of_the_formula() -> None:
    p = torch.sigmoid(LOGITS)
    torch.testing.assert_close(bernoulli_entropy(LOGITS), -p * p.log() - (1 - p) * (1 - p).log())
    assert bernoulli_entropy(torch.zeros(())).item() == pytest.approx(math.log(2))


def test_an_undecided_discriminator_loses_log_four() -> None:
    loss = cross_entropy(torch.zeros(3), torch.zeros(9), entropy_bonus=0.5)
    assert loss.item() == pytest.approx(math.log(4) - 0.5 * math.log(2), rel=1e-6)


def test_the_loss_is_the_formulas_and_falls_as_the_expert_is_told_apart() -> None:
    expert, policy = torch.tensor([2.0, -1.0]), LOGITS
    expected = -torch.sigmoid(expert).log().mean() - (1 - torch.sigmoid(policy)).log().mean()
    torch.testing.assert_close(cross_entropy(expert, policy, 0.0), expected)
    assert cross_entropy(expert + 1, policy - 1, 0.0) < expected


def test_few_expert_pairs_weigh_as_much_as_many_of_the_policy() -> None:
    expert, policy = torch.randn(2, generator=generator()), LOGITS
    torch.testing.assert_close(cross_entropy(expert, policy, 0.1), cross_entropy(expert.repeat(3), policy, 0.1))


@pytest.mark.parametrize("form", FORMS)
def test_gradient_penalty_agrees_with_finite_differences(form: str) -> None:
    policy = new_policy(continuous_environment())
    discriminator = new_discriminator(policy, adversarial(**FORMS[form]))
    points = discriminator.inputs(steps_of(policy, 4)).double()
    discriminator.double()
    steps = 1e-6 * torch.eye(points.shape[-1], dtype=torch.float64)
    if form in SHAPED:
        steps = steps[:-1]  # along which only what is observed and done changes, not whether the episode goes on
    with torch.no_grad():
        slopes = torch.stack(
            [(discriminator.logits(points + h) - discriminator.logits(points - h)) / 2e-6 for h in steps], dim=-1
        )
    expected = (slopes.norm(dim=-1) - 1).relu().square().mean()
    assert expected > 0.1
    torch.testing.assert_close(gradient_penalty(discriminator, points).detach(), expected)


@pytest.mark.parametrize("form", FORMS)
def test_the_gradient_penalty_moves_all_weights_it_depends_on(form: str) -> None:
    policy = new_policy(continuous_environment())
    discriminator = new_discriminator(policy, adversarial(**FORMS[form]))
    gradient_penalty(discriminator, discriminator.inputs(steps_of(policy))).backward()
    weights = [parameter for parameter in discriminator.parameters() if parameter.ndim == 2]
    assert all(weight.grad is not None and bool(weight.grad.any()) for weight in weights)


def test_points_between_are_shares_of_the_expert_and_the_policy() -> None:
    expert, policy = torch.tensor([[2.0, 0.0, 1.0]]).expand(5, 3), torch.tensor([[-2.0, 4.0, 1.0]]).expand(200, 3)
    points = points_between(expert, policy, generator())
    shares = (points[:, 0] + 2) / 4
    torch.testing.assert_close(points, shares[:, None] * expert[:1] + (1 - shares[:, None]) * policy[:1])
    assert 0 <= float(shares.min()) < 0.05
    assert 0.95 < float(shares.max()) <= 1
