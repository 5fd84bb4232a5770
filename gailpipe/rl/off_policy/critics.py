"""Twin critics: two estimates of the soft Q-function, computed at once."""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.functional import layer_norm

TWINS = 2


class TwinCritics(nn.Module):
    """Two networks of ReLU layers with layer normalisation (Ba et al. 2016), side by side in each matrix product.

    Normalised layers bound what a critic says of actions that nobody has tried (Ball et al. 2023, section 4.2).

    Args:
        input_dim: Of what they see.
        hidden_sizes: Of each.
        output_dim: Of each: 1, or the number of discrete actions.
        generator: Draws the weights.
    """

    def __init__(
        self, input_dim: int, hidden_sizes: Sequence[int], output_dim: int, generator: torch.Generator
    ) -> None:
        super().__init__()
        sizes = [input_dim, *hidden_sizes, output_dim]
        self.weights, self.biases = nn.ParameterList(), nn.ParameterList()
        for size_in, size_out in pairwise(sizes):
            weights = torch.empty(TWINS, size_in, size_out)
            bound = size_in**-0.5
            self.weights.append(nn.Parameter(weights.uniform_(-bound, bound, generator=generator)))
            self.biases.append(nn.Parameter(torch.zeros(TWINS, 1, size_out)))

    def forward(self, inputs: Tensor, *, frozen: bool = False) -> Tensor:
        """Return both estimates, (2, batch, output_dim), of inputs (batch, input_dim).

        Args:
            inputs: What they see.
            frozen: Whether gradients flow to `inputs` alone.
        """
        hidden = inputs.expand(TWINS, *inputs.shape)
        layers = [
            (weights.detach(), biases.detach()) if frozen else (weights, biases)
            for weights, biases in zip(self.weights, self.biases, strict=True)
        ]
        for weights, biases in layers[:-1]:
            hidden = torch.relu(layer_norm(torch.baddbmm(biases, hidden, weights), biases.shape[-1:]))
        weights, biases = layers[-1]
        return torch.baddbmm(biases, hidden, weights)
