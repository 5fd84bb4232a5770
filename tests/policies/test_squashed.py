"""The squashed Gaussian policy: its density, its bounds, and its files."""

import math
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from torch.distributions import Normal

from gailpipe import load_policy
from gailpipe.envs.environment import find_environment
from gailpipe.envs.spaces import Interface
from gailpipe.export.onnx import onnx_bytes
from gailpipe.policies.policy import CategoricalPolicy, make_policy
from gailpipe.policies.policy_file import policy_bytes
from gailpipe.policies.squashed import SquashedPolicy, make_actor
from gailpipe.policies.tensor_file import read_tensors
from tests.environments import continuous_environment, discrete_environment, generator

LOW, HIGH = (-1.0, 2.0, -math.inf, -math.inf), (3.0, math.inf, 5.0, math.inf)  # one of each kind


def new_policy(environment: Interface, gain: float = 30.0) -> SquashedPolicy:
    """Return a policy in double precision that depends on what it observes, unlike a new one."""
    policy = SquashedPolicy(environment, [8], generator()).double()
    with torch.no_grad():
        *_, weights, _ = policy.network.parameters()
        weights.mul_(gain)
    return policy


def observations(batch: int) -> torch.Tensor:
    return torch.randn(batch, 3, generator=generator(), dtype=torch.float64)


def test_the_noise_that_is_set_has_its_entropy() -> None:
    policy = SquashedPolicy(continuous_environment(), [8], generator())
    with torch.no_grad():
        policy.network[-1].weight.zero_()  # type: ignore[operator]
        policy.set_noise(-0.5)
        mean, std = policy._moments(torch.randn(5, 3, generator=generator()))
    torch.testing.assert_close(Normal(mean, std).entropy(), torch.full((5, 2), -0.5))
    torch.testing.assert_close(mean, torch.zeros(5, 2))


def test_the_density_between_the_bounds_integrates_to_one() -> None:
    policy = new_policy(continuous_environment(low=(-1.0,), high=(3.0,)))
    actions = torch.linspace(-1, 3, 40_001, dtype=torch.float64)[1:-1]
    for observation in observations(3):
        density = policy.distribution(observation.expand(len(actions), 3)).log_prob(actions[:, None]).exp()
        assert float(torch.trapezoid(density, actions).detach()) == pytest.approx(1, abs=1e-4)


def test_the_density_is_the_slope_of_the_cumulative_distribution() -> None:
    policy, batch = new_policy(continuous_environment(low=(-1.0,), high=(3.0,))), observations(50)
    mean, std = policy._moments(batch)
    actions = torch.linspace(-0.9, 2.9, 50, dtype=torch.float64)[:, None]

    def cumulative(places: torch.Tensor) -> torch.Tensor:
        return Normal(mean, std).cdf(((places - 1) / 2).atanh())  # centre 1, half range 2

    slope = (cumulative(actions + 1e-5) - cumulative(actions - 1e-5)) / 2e-5
    torch.testing.assert_close(policy.distribution(batch).log_prob(actions).exp(), slope[:, 0], rtol=1e-5, atol=1e-9)


def test_samples_log_densities_are_the_distributions_in_the_encoders_units() -> None:
    policy, batch = new_policy(continuous_environment(low=LOW, high=HIGH)), observations(200)
    policy.encoder.take_units_from(7 + 5 * torch.randn(40, 4, generator=generator()))
    assert policy.encoder.unit[0] == 2
    assert (policy.encoder.unit[1:] > 3).all()
    actions, log_probs = policy.sample_with_log_probs(batch, generator())
    expected = policy.distribution(batch).log_prob(actions) + policy.encoder.unit.log().sum()
    torch.testing.assert_close(log_probs, expected)
    assert torch.equal(actions, policy.sample(batch, generator()))


def test_gradients_flow_through_samples_to_their_log_densities() -> None:
    policy, batch = new_policy(continuous_environment(low=LOW, high=HIGH)), observations(4)
    parameters = list(policy.parameters())
    actions, log_probs = policy.sample_with_log_probs(batch, generator())
    found = torch.autograd.grad(log_probs.sum(), parameters, retain_graph=True)
    expected = torch.autograd.grad(policy.distribution(batch).log_prob(actions).sum(), parameters)
    for pair in zip(found, expected, strict=True):
        torch.testing.assert_close(*pair)


def test_only_dimensions_with_two_bounds_are_squashed_and_all_start_at_their_centres() -> None:
    environment = continuous_environment(low=LOW, high=HIGH)
    policy = new_policy(environment)
    assert policy.bounded.tolist() == [True, False, False, False]
    mean, _ = policy._moments(observations(1000))
    modes = policy.mode(observations(1000))
    torch.testing.assert_close(modes[:, 0], 1 + 2 * mean[:, 0].tanh())
    torch.testing.assert_close(modes[:, 1:], torch.tensor([3.0, 4.0, 0.0]) + mean[:, 1:])  # a unit from their bounds
    assert (modes[:, 0] > -1).all()
    assert (modes[:, 0] < 3).all()
    new = SquashedPolicy(environment, [8], generator()).mode(observations(1000)).detach()
    assert (new - torch.tensor([1.0, 3.0, 4.0, 0.0])).abs().max() < 0.2


def test_however_wide_its_noise_it_acts_within_bounds() -> None:
    policy = SquashedPolicy(continuous_environment(), [8], generator())
    with torch.no_grad():
        *_, biases = policy.network.parameters()
        biases[2:] = 100.0  # of the logarithms of standard deviations, which are clamped
    assert torch.equal(policy._moments(torch.zeros(3))[1].detach(), torch.full((2,), math.exp(2.0)))
    executed = policy(torch.zeros(5000, 3).numpy(), generator())
    assert executed.min(0).tolist() == pytest.approx([-1, -2], abs=1e-3)
    assert executed.max(0).tolist() == pytest.approx([1, 6], abs=1e-3)
    assert (executed >= [-1, -2]).all()
    assert (executed <= [1, 6]).all()


def test_actions_at_and_beyond_the_bounds_have_finite_densities_and_gradients() -> None:
    policy = SquashedPolicy(continuous_environment(), [8], generator())
    actions = torch.tensor([[-1.0, -2.0], [1.0, 6.0], [-9.0, 99.0]])
    log_probs = policy.distribution(torch.zeros(3, 3)).log_prob(actions)
    assert log_probs.isfinite().all()
    for gradient in torch.autograd.grad(log_probs.sum(), list(policy.parameters())):
        assert gradient.isfinite().all()


def test_slopes_stay_finite_where_tanh_rounds_to_one() -> None:
    policy = SquashedPolicy(continuous_environment(), [8], generator())
    raw = torch.tensor([[40.0, -40.0]])
    expected = 2 * (math.log(2) - 40)  # log(1 − tanh² x) is log 4 − 2 |x| from afar
    torch.testing.assert_close(policy._squash().log_slope(raw), torch.full((1, 2), expected))


def test_calling_acts_by_the_mode_or_by_a_sample() -> None:
    policy = SquashedPolicy(continuous_environment(), [8], generator())
    batch = observations(50).float()
    assert policy(batch.numpy()).dtype == np.float64
    for found, expected in (
        (policy(batch.numpy()), policy.mode(batch)),
        (policy(batch.numpy(), generator()), policy.sample(batch, generator())),
    ):
        np.testing.assert_array_equal(found, policy.environment.actions.executable(expected.detach().numpy()))
    np.testing.assert_allclose(policy(batch.numpy())[0], policy(batch[0].numpy()), rtol=1e-5)


def test_a_saved_policy_comes_back_and_always_as_the_same_bytes(tmp_path: Path) -> None:
    policy = SquashedPolicy(find_environment("Pendulum-v1"), [8, 8], generator())
    batch = observations(7).float()
    policy.start_from(batch * 3 + 1, torch.zeros(7, 1))
    (tmp_path / "a.safetensors").write_bytes(policy_bytes(policy))
    loaded = load_policy(tmp_path / "a.safetensors", "Pendulum-v1")
    assert isinstance(loaded, SquashedPolicy)
    np.testing.assert_array_equal(loaded(batch.numpy()), policy(batch.numpy()))
    np.testing.assert_array_equal(loaded(batch.numpy(), generator()), policy(batch.numpy(), generator()))
    assert policy_bytes(loaded) == policy_bytes(policy)


@pytest.mark.parametrize("environment", [continuous_environment(), discrete_environment()])
def test_files_of_other_policies_say_nothing_of_squashing(environment: Interface, tmp_path: Path) -> None:
    path = tmp_path / "policy.safetensors"
    path.write_bytes(policy_bytes(make_policy(environment, [8], 0.0, generator())))
    _, description = read_tensors(path)
    assert set(description) == {"env", "observation_dim", "actions", "hidden_sizes", "checksum"}
    path.write_bytes(policy_bytes(make_actor(environment, [8], generator())))
    _, description = read_tensors(path)
    assert description.get("squashed", False) == ("Continuous" in environment.name)


def test_discrete_actions_have_the_policy_that_all_learners_have() -> None:
    assert type(make_actor(discrete_environment(), [8], generator())) is CategoricalPolicy


def test_onnxruntime_acts_as_the_policy_does() -> None:
    policy = SquashedPolicy(continuous_environment(low=LOW, high=HIGH), [16, 16], generator())
    batch = 3 * torch.randn(200, 3, generator=generator())
    policy.start_from(batch, 5 * torch.randn(200, 4, generator=generator()))
    with torch.no_grad():
        *_, weights, _ = policy.network.parameters()
        weights.mul_(200)
    session = onnxruntime.InferenceSession(onnx_bytes(policy))
    (found,) = session.run(["actions"], {"observations": batch.numpy()})
    expected = policy(batch.numpy())
    assert len(np.unique(found, axis=0)) > 100
    np.testing.assert_allclose(found, expected, atol=1e-5)
