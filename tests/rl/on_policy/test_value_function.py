"""The value function."""

import pytest
import torch

from gailpipe.policies.normalizer import Normalizer
from gailpipe.rl.on_policy.settings import ValueFunctionFit
from gailpipe.rl.on_policy.value_function import ValueFunction


def new_value_function(epochs: int) -> tuple[ValueFunction, torch.Generator]:
    generator = torch.Generator().manual_seed(0)
    settings = ValueFunctionFit(learning_rate=0.003, epochs=epochs, batch_size=64)
    return ValueFunction(Normalizer(2), [32], settings, generator), generator


def test_value_function_learns_returns_of_any_scale() -> None:
    value_function, generator = new_value_function(epochs=100)
    observations = torch.randn(512, 2, generator=generator)
    returns = 1000 * observations[:, 0] - 5000
    value_function.fit(observations, returns, generator)
    error = value_function(observations).detach() - returns
    assert float(error.square().mean().sqrt()) < 0.05 * float(returns.std())


def test_moving_the_returns_moments_leaves_predictions_where_they_are() -> None:
    value_function, generator = new_value_function(epochs=1)
    observations = torch.randn(64, 2, generator=generator)
    value_function.fit(observations, 10 * observations[:, 0], generator)
    before = value_function(observations)
    value_function._move_moments(torch.linspace(-500, 900, 64))
    torch.testing.assert_close(value_function(observations), before, atol=1e-3, rtol=1e-4)
    assert float(value_function.return_std) > 20


def test_a_drifting_mean_widens_the_standard_deviation() -> None:
    """σ² = ν − μ²: at a drift of 10 σ a rollout, standardised targets stay of order 1."""
    value_function, generator = new_value_function(epochs=1)
    noise = torch.randn(4096, generator=generator)
    squares = []
    for rollout in range(100):
        returns = noise + 10.0 * rollout
        value_function._move_moments(returns)
        squares.append(((returns - value_function.return_mean) / value_function.return_std).square().mean())
    assert 0.5 < float(torch.stack(squares[50:]).mean().sqrt()) < 1.5


def test_running_moments_are_those_of_returns_and_of_their_squares() -> None:
    value_function, _ = new_value_function(epochs=1)
    value_function._move_moments(torch.tensor([-1.0, 1.0]))  # μ = 0, ν = 1
    value_function._move_moments(torch.tensor([7.0, 13.0]))  # of its own 10 and 109
    assert float(value_function.return_mean) == pytest.approx(1.0)  # 0.9 · 0 + 0.1 · 10
    assert float(value_function.return_std) == pytest.approx((0.9 * 1 + 0.1 * 109 - 1.0) ** 0.5)
