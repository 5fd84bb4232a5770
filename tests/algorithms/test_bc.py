"""Behavioural cloning."""

import math

import pytest
import torch

from gailpipe.algorithms.bc.cloning import clone, log_likelihood, validation_error
from gailpipe.algorithms.bc.regularization import decayed, dropping_out
from gailpipe.algorithms.bc.settings import Cloning
from gailpipe.demonstrations.demonstrations import Demonstrations
from gailpipe.foundation.errors import UserError
from gailpipe.policies.networks import mlp
from gailpipe.policies.policy import GaussianPolicy, make_policy
from gailpipe.policies.policy_file import policy_bytes
from gailpipe.training.checkpoint import Checkpoint
from tests.environments import continuous_environment, discrete_environment, generator

CLONING = Cloning(
    steps=1500,
    learning_rate=0.003,
    weight_decay=0,
    dropout=0,
    batch_size=64,
    validation_fraction=0.3,
    validate_every=50,
)


def linear_expert() -> Demonstrations:
    observations = torch.randn(300, 3, generator=generator())
    return Demonstrations(observations, torch.stack([observations[:, 0] / 3, 2 + observations[:, 1]], -1))


def test_the_likelihood_of_executed_actions_adds_up_to_one_with_what_is_clipped_to_the_bounds() -> None:
    policy = make_policy(continuous_environment(low=(-1.0,), high=(3.0,)), [8], 0.0, generator())
    observation = torch.zeros(1, 3)
    mean, std = float(policy.mode(observation).detach()), 2.0  # half the range
    steps = torch.linspace(-1, 3, 4001, dtype=torch.float64)[1:-1]
    with torch.no_grad():
        density = log_likelihood(policy, observation.expand(len(steps), 3), steps.unsqueeze(1).float()).exp()
        at_low, at_high = log_likelihood(policy, observation.expand(2, 3), torch.tensor([[-1.0], [7.0]])).exp()
    assert float(at_low) == pytest.approx(0.5 * math.erfc((mean + 1) / std / math.sqrt(2)), rel=1e-5)
    assert float(at_high) == pytest.approx(0.5 * math.erfc((3 - mean) / std / math.sqrt(2)), rel=1e-5)
    assert float(density.sum() * 0.001 + at_low + at_high) == pytest.approx(1, abs=1e-3)


def test_a_mean_beyond_the_bound_that_the_expert_keeps_to_is_no_error() -> None:
    policy = make_policy(continuous_environment(), [32], 0.0, generator())
    expert = Demonstrations(linear_expert().observations, torch.tensor([1.0, 6.0]).expand(300, 2))
    with torch.no_grad():
        policy.mean_network[-1].bias.copy_(torch.tensor([0.0, 9.0]))  # type: ignore[index, union-attr]
    log_likelihood(policy, expert.observations, expert.actions).mean().backward()
    pulls = policy.mean_network[-1].bias.grad  # type: ignore[index, union-attr]
    assert pulls[0] > 0.1
    assert 0 <= pulls[1] < 1e-6


def test_an_action_space_without_bounds_has_a_likelihood_with_finite_gradients() -> None:
    environment = continuous_environment(low=(-math.inf, -1.0), high=(math.inf, math.inf))
    policy = make_policy(environment, [8], 0.0, generator())
    log_likelihood(policy, torch.zeros(2, 3), torch.tensor([[5.0, -1.0], [-9.0, 4.0]])).sum().backward()
    assert all(parameter.grad is not None and parameter.grad.isfinite().all() for parameter in policy.parameters())


def test_cloning_learns_a_linear_expert() -> None:
    policy = make_policy(continuous_environment(), [32], 0.0, generator())
    expert = linear_expert()
    before = validation_error(policy, expert.observations, expert.actions)
    figures = list(clone(policy, expert, CLONING, generator(), Checkpoint()))
    assert validation_error(policy, expert.observations, expert.actions) < before / 50
    assert figures[-1]["step"] == 1500


def test_cloning_keeps_the_snapshot_with_the_least_validation_error() -> None:
    policy = make_policy(continuous_environment(), [32], 0.0, generator())
    noisy = linear_expert()
    noisy = Demonstrations(noisy.observations[:20], torch.randn(20, 2, generator=generator()))
    order = torch.randperm(20, generator=generator())
    errors = [row["validation_error"] for row in clone(policy, noisy, CLONING, generator(), Checkpoint())]
    held_out = order[:6]
    kept = validation_error(policy, noisy.observations[held_out], noisy.actions[held_out])
    assert kept == pytest.approx(min(errors))
    assert kept < errors[-1]


def test_a_cloned_gaussian_has_the_noise_of_its_errors_on_the_held_out_pairs() -> None:
    policy = make_policy(continuous_environment(), [32], 0.0, generator())
    assert isinstance(policy, GaussianPolicy)
    expert = linear_expert()
    noisy = Demonstrations(expert.observations, expert.actions + 0.2 * torch.randn(300, 2, generator=generator()))
    list(clone(policy, noisy, CLONING, generator(), Checkpoint()))
    held_out = torch.randperm(300, generator=generator())[:90]
    observations, actions = noisy.observations[held_out], policy.encode_actions(noisy.actions[held_out])

    def log_likelihood(log_std: torch.Tensor) -> float:
        with torch.no_grad():
            means = policy.encode_actions(policy.mode(observations))
        return float(torch.distributions.Normal(means, log_std.exp()).log_prob(actions).sum())

    fitted = policy.log_std.detach()
    for nearby in (fitted + torch.tensor([0.05, 0.0]), fitted - torch.tensor([0.0, 0.05]), fitted - 0.05):
        assert log_likelihood(fitted) > log_likelihood(nearby)


def test_where_an_action_is_cloned_exactly_the_noise_stays_finite() -> None:
    policy = make_policy(continuous_environment(), [32], 0.0, generator())
    assert isinstance(policy, GaussianPolicy)
    beyond = Demonstrations(linear_expert().observations, torch.tensor([2.0, 10.0]).expand(300, 2))
    list(clone(policy, beyond, CLONING, generator(), Checkpoint()))
    assert validation_error(policy, beyond.observations, beyond.actions) == 0
    torch.testing.assert_close(policy.log_std.detach(), torch.full((2,), math.log(1e-4)))


def test_discrete_validation_error_is_the_mean_negative_log_likelihood() -> None:
    policy = make_policy(discrete_environment(), [8], 0.0, generator())
    with torch.no_grad():
        for parameter in policy.parameters():
            parameter.zero_()
        list(policy.parameters())[-1].copy_(torch.tensor([1.0, 2.0, 3.0, 4.0]).log())  # the last layer's bias
    error = validation_error(policy, torch.randn(4, 3, generator=generator()), torch.tensor([0, 1, 3, 3]))
    assert error == pytest.approx(-(math.log(0.1) + math.log(0.2) + 2 * math.log(0.4)) / 4)


def test_cloning_takes_a_pair_to_learn_from_and_one_to_validate_on() -> None:
    expert = linear_expert()
    pairs = [Demonstrations(expert.observations[:count], expert.actions[:count]) for count in (1, 2)]
    policy = make_policy(continuous_environment(), [8], 0.0, generator())
    with pytest.raises(UserError, match="Continuous-v0: cloning takes two pairs, one of them for validation"):
        list(clone(policy, pairs[0], CLONING, generator(), Checkpoint()))
    most = CLONING.model_copy(update={"validation_fraction": 0.9})
    held_out = torch.randperm(2, generator=generator())[0]
    actions = pairs[1].actions.clone()
    actions[held_out] += 0.5
    rows = []
    for two in (pairs[1], Demonstrations(pairs[1].observations, actions)):
        policy = make_policy(continuous_environment(), [8], 0.0, generator())
        rows.append(list(clone(policy, two, most, generator(), Checkpoint())))
    one, another = rows
    assert [row["loss"] for row in one] == [row["loss"] for row in another]
    assert all(row["validation_error"] != other["validation_error"] for row, other in zip(one, another, strict=True))


def test_a_step_takes_the_learning_rate_times_the_decay_off_weights_and_nothing_off_biases_and_sigma() -> None:
    policy = make_policy(continuous_environment(), [8], -0.5, generator())
    with torch.no_grad():
        for parameter in policy.parameters():
            parameter.add_(1.0)
    before = {name: parameter.detach().clone() for name, parameter in policy.named_parameters()}
    optimizer = torch.optim.AdamW(decayed(policy, 5.0), 0.01, fused=True)
    for _ in range(2):
        for parameter in policy.parameters():
            parameter.grad = torch.zeros_like(parameter)
        optimizer.step()
    left = {name: float((after.detach() / before[name]).mean()) for name, after in policy.named_parameters()}
    assert left == pytest.approx({name: 0.95**2 if name.endswith("weight") else 1.0 for name in before})
    assert [name for name in left if name.endswith("weight")] == ["mean_network.0.weight", "mean_network.2.weight"]


def test_dropout_leaves_its_share_of_hidden_units_out_and_scales_the_others() -> None:
    network = mlp(1, [500], 500, generator())
    weights, biases, output_weights, _ = network.parameters()
    with torch.no_grad():
        weights.zero_()
        biases.fill_(0.5)
        output_weights.copy_(torch.eye(500))
    rows = torch.zeros(40, 1)
    with dropping_out(network, 0.25, generator()):
        units = network(rows)
        other_units = network(rows)
    kept = units > 0
    assert float(kept.float().mean()) == pytest.approx(0.75, abs=5 * (0.25 * 0.75 / 20_000) ** 0.5)
    torch.testing.assert_close(units[kept], torch.full_like(units[kept], math.tanh(0.5) / 0.75))
    assert (kept.float().mean(0) < 1).all()  # no unit is spared, and no two rows are alike
    assert len(kept.unique(dim=0)) == 40
    assert not torch.equal(units, other_units)
    torch.testing.assert_close(network(rows), torch.full((40, 500), math.tanh(0.5)))


def test_dropout_ends_with_its_context_even_if_that_fails() -> None:
    network, rows = mlp(2, [50], 1, generator()), torch.randn(8, 2, generator=generator())
    whole = network(rows)
    with pytest.raises(RuntimeError), dropping_out(network, 0.5, generator()):
        network(rows[:, :1])
    assert torch.equal(network(rows), whole)


def test_without_decay_and_dropout_cloning_is_plain_adam_bit_by_bit() -> None:
    expert, few = linear_expert(), CLONING.model_copy(update={"steps": 50})
    cloned, plain = (make_policy(continuous_environment(), [32], 0.0, generator()) for _ in range(2))
    rows = list(clone(cloned, expert, few, generator(), Checkpoint()))
    drawn = generator()
    training = torch.randperm(300, generator=drawn)[90:]
    plain.start_from(expert.observations, expert.actions)
    optimizer = torch.optim.Adam(plain.parameters(), 0.003, fused=True)
    for _ in range(50):
        batch = training[torch.randint(210, (64,), generator=drawn)]
        loss = -log_likelihood(plain, expert.observations[batch], expert.actions[batch]).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert rows[-1]["loss"] == float(loss.detach())
    assert isinstance(cloned, GaussianPolicy)
    assert isinstance(plain, GaussianPolicy)
    with torch.no_grad():
        plain.log_std.copy_(cloned.log_std)  # which is fitted at the end
    assert policy_bytes(cloned) == policy_bytes(plain)


@pytest.mark.parametrize("different", [{"weight_decay": 10.0}, {"dropout": 0.5}])
def test_decay_and_dropout_keep_a_policy_from_learning_noise_by_heart(different: dict[str, float]) -> None:
    noisy = Demonstrations(linear_expert().observations[:20], torch.randn(20, 2, generator=generator()))
    losses = []
    for settings in (CLONING, CLONING.model_copy(update=different)):
        policy = make_policy(continuous_environment(), [32], 0.0, generator())
        rows = list(clone(policy, noisy, settings, generator(), Checkpoint()))
        losses.append(rows[-1]["loss"])
    plain, regularized = losses
    assert regularized > plain + 1.0
