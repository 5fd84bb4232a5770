"""A step of TRPO, and what shapes it, held to their definitions."""

import pytest
import torch
from torch.distributions import Categorical, Distribution, kl_divergence

from gailpipe.policies.policy import Policy, make_policy
from gailpipe.rl.on_policy.trpo import trpo_step
from gailpipe.rl.on_policy.trust_region import hessian_vector_product
from tests.environments import continuous_environment, discrete_environment

BATCH = 400
ENVS = [continuous_environment(), discrete_environment()]


@pytest.fixture
def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def new_policy(index: int, generator: torch.Generator) -> Policy:
    """Return a policy that depends on what it observes, unlike a new one."""
    policy = make_policy(ENVS[index], [8], -0.5, generator).double()
    with torch.no_grad():
        for parameter in policy.parameters():
            parameter.add_(0.3 * torch.randn(parameter.shape, generator=generator))
    return policy


@pytest.mark.parametrize("fisher_fraction", [1.0, 0.1])
@pytest.mark.parametrize("index", range(len(ENVS)))
def test_a_step_raises_the_surrogate_inside_the_trust_region(
    index: int, fisher_fraction: float, generator: torch.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy = new_policy(index, generator)
    observations = torch.randn(BATCH, 3, generator=generator, dtype=torch.float64)
    with torch.no_grad():
        actions = policy.sample(observations, generator)
        old = policy.distribution(observations)
        before = old.log_prob(actions)
    advantages = torch.randn(BATCH, generator=generator, dtype=torch.float64) * 7 + 100
    sizes, distribution = set[int](), policy.distribution

    def watched(batch: torch.Tensor) -> Distribution:
        sizes.add(len(batch))
        return distribution(batch)

    monkeypatch.setattr(policy, "distribution", watched)
    found = trpo_step(policy, observations, actions, advantages, 0.05, 0.1, fisher_fraction, generator)
    assert sizes == {BATCH, round(BATCH * fisher_fraction)}
    with torch.no_grad():
        new = policy.distribution(observations)
        standardised = (advantages - advantages.mean()) / advantages.std(unbiased=False)
        surrogate = ((new.log_prob(actions) - before).exp() * standardised).mean()
    assert surrogate > 0.01  # it was 0
    forward, backward = (float(kl_divergence(*pair).mean()) for pair in ((old, new), (new, old)))
    assert found["kl"] == pytest.approx(forward)
    assert found["kl"] != pytest.approx(backward, rel=1e-4)
    assert 0 < found["kl"] <= 0.05
    assert found["entropy"] == pytest.approx(float(old.entropy().mean()))


@pytest.mark.parametrize("index", range(len(ENVS)))
def test_the_hessian_of_the_kl_is_the_fisher_matrix(index: int, generator: torch.Generator) -> None:
    policy = new_policy(index, generator)
    observation = torch.randn(3, generator=generator, dtype=torch.float64)
    parameters = list(policy.parameters())
    vector = torch.randn(sum(map(torch.numel, parameters)), generator=generator, dtype=torch.float64)
    distribution = policy.distribution(observation)

    def slope(scalar: torch.Tensor) -> torch.Tensor:
        gradients = torch.autograd.grad(scalar, parameters, retain_graph=True, materialize_grads=True)
        return torch.cat([gradient.reshape(-1) for gradient in gradients]) @ vector

    if isinstance(distribution, Categorical):
        probs = distribution.probs.detach()
        expected = sum(share * slope(distribution.logits[action]) ** 2 for action, share in enumerate(probs))
    else:  # information of a normal's mean: 1 / σ²; of its log σ: 2
        means, stds = distribution.mean, distribution.stddev
        expected = sum(
            (slope(mean) / std.detach()) ** 2 + 2 * slope(std.log()) ** 2 for mean, std in zip(means, stds, strict=True)
        )
    with torch.no_grad():
        old = policy.distribution(observation)
    product = hessian_vector_product(kl_divergence(old, distribution), parameters, damping=0.0)
    torch.testing.assert_close(vector @ product(vector), expected)
