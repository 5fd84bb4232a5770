import math
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save
from torch.distributions import kl_divergence

from gailpipe import load_policy
from gailpipe.envs.environment import find_environment
from gailpipe.envs.spaces import Interface
from gailpipe.foundation.errors import UserError
from gailpipe.policies.networks import Tanh
from gailpipe.policies.policy import LEAST_SPREAD, GaussianPolicy, Policy, make_policy
from gailpipe.policies.policy_file import policy_bytes
from gailpipe.policies.tensor_file import tensor_bytes
from tests.environments import continuous_environment, discrete_environment


def new_policy(environment: Interface, initial_log_std: float = -0.5) -> Policy:
    return make_policy(environment, [8], initial_log_std, torch.Generator().manual_seed(0))


def observations(batch: int, environment: Interface) -> torch.Tensor:
    return torch.randn(batch, environment.observation_dim, generator=torch.Generator().manual_seed(1))


def test_tanh_is_tanh_and_so_are_its_derivatives() -> None:
    inputs = torch.linspace(-20, 20, 401, requires_grad=True)
    found, expected = Tanh()(inputs), inputs.detach().tanh()
    torch.testing.assert_close(found, expected, atol=3e-7, rtol=0)
    (slope,) = torch.autograd.grad(found.sum(), inputs, create_graph=True)
    torch.testing.assert_close(slope, 1 - expected.square(), atol=1e-6, rtol=0)
    (curvature,) = torch.autograd.grad(slope.sum(), inputs)
    torch.testing.assert_close(curvature, -2 * expected * (1 - expected.square()), atol=1e-6, rtol=0)


@pytest.mark.parametrize("environment", [continuous_environment(), discrete_environment()])
def test_kl_to_itself_is_zero_and_its_gradient_too(environment: Interface) -> None:
    policy = new_policy(environment)
    batch = observations(5, environment)
    with torch.no_grad():
        old = policy.distribution(batch)
    kl = kl_divergence(old, policy.distribution(batch)).mean()
    assert kl.item() == pytest.approx(0, abs=1e-7)
    for gradient in torch.autograd.grad(kl, list(policy.parameters())):
        assert float(gradient.abs().max()) < 1e-6


def test_gaussian_log_prob_is_the_density_in_the_environments_own_units() -> None:
    policy = new_policy(continuous_environment(), initial_log_std=-0.5)
    batch = observations(1, policy.environment)
    mean = policy.mode(batch).detach()
    action = mean + torch.tensor([[0.3, -1.0]])
    std = [math.exp(-0.5) * 1, math.exp(-0.5) * 4]  # half ranges: 1 and 4
    expected = sum(
        -((x / s) ** 2) / 2 - math.log(s) - math.log(2 * math.pi) / 2 for x, s in zip((0.3, -1.0), std, strict=True)
    )
    assert policy.distribution(batch).log_prob(action).item() == pytest.approx(expected, rel=1e-5)


def test_gaussian_samples_have_the_moments_of_the_distribution() -> None:
    policy = new_policy(continuous_environment())
    batch = observations(1, policy.environment).expand(200_000, -1)
    samples = policy.sample(batch, torch.Generator().manual_seed(2))
    distribution = policy.distribution(batch[:1])
    torch.testing.assert_close(samples.mean(0), distribution.mean[0], atol=0.02, rtol=0)
    torch.testing.assert_close(samples.std(0), distribution.stddev[0], atol=0.02, rtol=0)


def test_categorical_samples_have_the_distributions_frequencies() -> None:
    policy = new_policy(discrete_environment())
    with torch.no_grad():
        for parameter in policy.parameters():
            parameter.mul_(20)
    batch = observations(1, policy.environment).expand(200_000, -1)
    samples = policy.sample(batch, torch.Generator().manual_seed(2))
    frequencies = torch.bincount(samples, minlength=4) / len(samples)
    torch.testing.assert_close(frequencies, policy.distribution(batch[:1]).probs[0], atol=0.005, rtol=0)  # type: ignore[attr-defined]


def test_encoded_actions_fill_the_unit_cube_and_are_one_hot() -> None:
    continuous, discrete = new_policy(continuous_environment()), new_policy(discrete_environment())
    encoded = continuous.encode_actions(torch.tensor([[-1.0, -2.0], [1.0, 6.0], [0.0, 2.0], [9.0, 99.0]]))
    assert encoded.tolist() == [[-1, -1], [1, 1], [0, 0], [1, 1]]
    assert discrete.encode_actions(torch.tensor([2, 0])).tolist() == [[0, 0, 1, 0], [1, 0, 0, 0]]


def test_unbounded_actions_keep_their_units() -> None:
    policy = new_policy(continuous_environment(low=(-np.inf,), high=(np.inf,)), initial_log_std=0.0)
    assert policy.encode_actions(torch.tensor([[37.0]])).item() == 37
    assert policy.distribution(observations(1, policy.environment)).stddev.item() == 1


def test_noise_is_as_wide_as_demonstrated_actions_spread_in_the_policys_units() -> None:
    policy = new_policy(continuous_environment(), initial_log_std=9.0)
    demonstrated = torch.tensor([[-1.0, 2.0], [0.0, 2.0], [9.0, 2.0], [0.0, 2.0]])  # executed as −1, 0, 1, 0
    policy.take_noise_from(demonstrated, math.log(3.0))
    noise = policy.distribution(observations(1, policy.environment)).stddev.squeeze(0)
    assert noise.tolist() == pytest.approx([3 * 0.5**0.5, 3 * LEAST_SPREAD * 4])


def test_calling_acts_within_bounds_for_one_observation_and_for_many() -> None:
    policy = new_policy(continuous_environment(), initial_log_std=3.0)
    batch = observations(50, policy.environment).numpy()
    actions = policy(batch, torch.Generator().manual_seed(0))
    assert actions.shape == (50, 2)
    assert actions.dtype == np.float64
    assert (actions >= [-1, -2]).all()
    assert (actions <= [1, 6]).all()
    np.testing.assert_allclose(policy(batch)[0], policy(batch[0]), rtol=1e-5)


@pytest.mark.parametrize("name", ["Pendulum-v1", "CartPole-v1"])
def test_a_saved_policy_comes_back_and_always_as_the_same_bytes(name: str, tmp_path: Path) -> None:
    policy = make_policy(find_environment(name), [8, 8], -0.5, torch.Generator().manual_seed(0))
    batch = observations(7, policy.environment)
    policy.normalizer.update(batch * 3 + 1)
    (tmp_path / "a.safetensors").write_bytes(policy_bytes(policy))
    loaded = load_policy(tmp_path / "a.safetensors")
    (tmp_path / "b.safetensors").write_bytes(policy_bytes(loaded))
    np.testing.assert_array_equal(loaded(batch.numpy()), policy(batch.numpy()))
    assert (tmp_path / "a.safetensors").read_bytes() == (tmp_path / "b.safetensors").read_bytes()


def test_what_is_no_policy_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"none\.safetensors: there is no such file"):
        load_policy(tmp_path / "none.safetensors")
    whole = policy_bytes(make_policy(find_environment("CartPole-v1"), [8], 0, torch.Generator()))
    other = tensor_bytes({}, {"env": "CartPole-v1", "hidden_sizes": 8})
    for damage in (b"", b"nonsense" * 9, other, whole[:-100], b"\x09" + whole[1:], save({"weight": torch.zeros(1)})):
        (tmp_path / "broken.safetensors").write_bytes(damage)
        with pytest.raises(UserError, match=r"broken\.safetensors: is (no|damaged)"):
            load_policy(tmp_path / "broken.safetensors")


@pytest.mark.parametrize("hidden_sizes", ["ab", [-3], [0], [8.0], [True], ["8"], {"8": 8}, None])
def test_malformed_sizes_of_a_network_are_named(tmp_path: Path, hidden_sizes: object) -> None:
    policy = make_policy(find_environment("CartPole-v1"), [8], 0, torch.Generator())
    path = tmp_path / "broken.safetensors"
    description = {"env": "CartPole-v1", "observation_dim": 4, "actions": policy.environment.actions.description()}
    path.write_bytes(tensor_bytes({}, description | {"hidden_sizes": hidden_sizes}))
    with pytest.raises(UserError, match=r"broken\.safetensors: is no policy of this version of gailpipe"):
        load_policy(path)


def test_a_policy_for_another_environment_is_named(tmp_path: Path) -> None:
    path = tmp_path / "policy.safetensors"
    path.write_bytes(policy_bytes(new_policy(discrete_environment())))
    assert load_policy(path, "Discrete-v0").environment == discrete_environment()
    with pytest.raises(UserError, match=r"policy\.safetensors: is a policy for Discrete-v0, not for Hopper-v5"):
        load_policy(path, "Hopper-v5")


def test_a_new_gaussian_policy_hardly_moves() -> None:
    policy = new_policy(continuous_environment())
    assert isinstance(policy, GaussianPolicy)
    assert (policy.mode(observations(50, policy.environment)) - torch.tensor([0.0, 2.0])).abs().max().item() < 0.2
