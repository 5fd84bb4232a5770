"""Layers with bounded weights."""

import copy

import pytest
import torch
from torch import nn

from gailpipe.policies.networks import BoundedLinear, hidden_sizes, mlp, plain_state
from tests.environments import generator


def new_layer(calls: int) -> BoundedLinear:
    """Return a layer, in double precision, whose estimate has followed its weights for a number of calls."""
    layer = BoundedLinear(5, 7).double()
    nn.init.normal_(layer.weight, generator=generator())
    with torch.no_grad():
        for _ in range(calls):
            layer(torch.zeros(1, 5, dtype=torch.float64))
    return layer.eval()


def test_the_greatest_singular_value_is_one_after_enough_calls() -> None:
    layer = new_layer(200)
    assert float(torch.linalg.matrix_norm(layer.weight.detach(), 2)) > 2
    assert float(torch.linalg.matrix_norm(layer.effective_weight().detach(), 2)) == pytest.approx(1)
    assert float(torch.linalg.matrix_norm(new_layer(0).effective_weight().detach(), 2)) > 1.01


def test_weights_keep_their_directions_and_the_bias_stays() -> None:
    layer = new_layer(200)
    nn.init.constant_(layer.bias, 3.0)
    inputs = torch.randn(4, 5, generator=generator(), dtype=torch.float64)
    sigma = torch.linalg.matrix_norm(layer.weight, 2)
    torch.testing.assert_close(layer(inputs), inputs @ layer.weight.T / sigma + 3)


def test_gradients_flow_through_the_singular_value() -> None:
    layer = new_layer(200)
    target = torch.randn(7, 5, generator=generator(), dtype=torch.float64)
    (found,) = torch.autograd.grad((layer.effective_weight() * target).sum(), layer.weight)
    weight = layer.weight.detach().requires_grad_()
    (expected,) = torch.autograd.grad((weight / torch.linalg.matrix_norm(weight, 2) * target).sum(), weight)
    torch.testing.assert_close(found, expected)
    scaling = float((found * layer.weight).sum().detach())  # changes nothing
    assert scaling == pytest.approx(0, abs=1e-9)


def test_only_training_moves_the_estimate() -> None:
    layer, inputs = new_layer(1), torch.ones(1, 5, dtype=torch.float64)
    before = layer.left.clone()
    assert torch.equal(layer(inputs), layer(inputs))
    assert torch.equal(layer.left, before)
    layer.train()(inputs)
    assert not torch.equal(layer.left, before)
    assert float(layer.left.norm()) == pytest.approx(1)


def test_the_plain_state_of_bounded_layers_computes_the_same() -> None:
    bounded = mlp(3, [8, 4], 2, generator(), layer=BoundedLinear)
    inputs = torch.randn(10, 3, generator=generator())
    with torch.no_grad():
        for parameter in bounded.parameters():
            parameter.add_(torch.randn(parameter.shape, generator=generator()))
        bounded(inputs)
        bounded.eval()
        before = copy.deepcopy(bounded.state_dict())
        plain = mlp(3, hidden_sizes(bounded), 2, generator())
        plain.load_state_dict(plain_state(bounded))
        torch.testing.assert_close(plain(inputs), bounded(inputs))
    assert all(torch.equal(tensor, before[name]) for name, tensor in bounded.state_dict().items())


def test_the_plain_state_of_plain_layers_is_theirs() -> None:
    network = mlp(3, [8], 2, generator())
    state = plain_state(network)
    assert list(state) == list(network.state_dict())
    assert all(torch.equal(state[name], tensor) for name, tensor in network.state_dict().items())
