from collections.abc import Sequence

import torch
from torch import Tensor, nn

from gailpipe.rl.off_policy.critics import TWINS, TwinCritics
from tests.environments import generator


def new_critics() -> TwinCritics:
    """Return critics with biases, which new ones have not."""
    critics = TwinCritics(5, [8, 6], 3, generator())
    with torch.no_grad():
        for biases in critics.biases:
            biases.normal_(generator=generator())
    return critics


def plain(critics: TwinCritics, twin: int) -> nn.Sequential:
    """Return one of the twins as a network of Torch's own layers."""
    layers = list[nn.Module]()
    for weights, biases in zip(critics.weights, critics.biases, strict=True):
        linear = nn.Linear(*weights.shape[1:])
        linear.load_state_dict({"weight": weights[twin].detach().T, "bias": biases[twin, 0].detach()})
        layers += [linear, nn.LayerNorm(linear.out_features, elementwise_affine=False), nn.ReLU()]
    return nn.Sequential(*layers[:-2])


def test_each_twin_is_a_network_of_its_own() -> None:
    critics, inputs = new_critics(), torch.randn(7, 5, generator=generator())
    found = critics(inputs)
    assert found.shape == (2, 7, 3)
    for twin in range(TWINS):
        torch.testing.assert_close(found[twin], plain(critics, twin)(inputs))
    assert not torch.allclose(found[0], found[1])


def test_the_first_weights_are_within_one_over_the_root_of_their_number_and_biases_are_zero() -> None:
    critics = TwinCritics(16, [64], 1, generator())
    first, second = (weights.detach().abs() for weights in critics.weights)
    assert 0.24 < float(first.max()) <= 0.25
    assert 0.12 < float(second.max()) <= 0.125
    assert not any(biases.any() for biases in critics.biases)


def slopes(critics: TwinCritics, inputs: Tensor, *, frozen: bool) -> tuple[Tensor, Sequence[Tensor | None]]:
    inputs = inputs.clone().requires_grad_()
    found, *of_weights = torch.autograd.grad(
        critics(inputs, frozen=frozen).square().sum(), [inputs, *critics.parameters()], allow_unused=True
    )
    return found, of_weights


def test_frozen_critics_give_gradients_to_what_they_see_alone() -> None:
    critics, inputs = new_critics(), torch.randn(7, 5, generator=generator())
    torch.testing.assert_close(critics(inputs, frozen=True), critics(inputs))
    of_inputs, of_weights = slopes(critics, inputs, frozen=True)
    expected, learned = slopes(critics, inputs, frozen=False)
    torch.testing.assert_close(of_inputs, expected)
    assert all(gradient is None for gradient in of_weights)
    assert all(gradient is not None and gradient.any() for gradient in learned)
