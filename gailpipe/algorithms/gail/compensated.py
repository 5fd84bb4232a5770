"""A normaliser that learns without changing what its policy does."""

import torch
from torch import Tensor, nn

from gailpipe.policies.normalizer import Normalizer
from gailpipe.policies.policy import Policy


class CompensatedNormalizer(Normalizer):
    """Standardises as the policy's does; when its moments move, the policy's first layer makes up for that.

    What the layer computes of an observation stays the same, but for rounding and where inputs are clipped. PopArt does
    so at the other end of a network, for its outputs (van Hasselt et al. 2016, proposition 1).
    """

    def __init__(self, policy: Policy) -> None:
        super().__init__(policy.environment.observation_dim)
        self.load_state_dict(policy.normalizer.state_dict())
        first = next(layer for layer in policy.modules() if isinstance(layer, nn.Linear))
        self._first = (first,)  # a tuple, since its parameters are the policy's

    @torch.no_grad()
    def update(self, rows: Tensor) -> None:
        mean, scale = self.mean, self._scale_in_double
        super().update(rows)
        (layer,) = self._first
        weight = layer.weight * scale
        layer.bias.copy_(layer.bias + weight @ (self.mean - mean))
        layer.weight.copy_(weight / self._scale_in_double)
