"""Actions as networks see them: vectors of order 1."""

from abc import ABC, abstractmethod

import numpy as np
import torch
from torch import Tensor, nn

from gailpipe.envs.spaces import Actions, ContinuousActions, DiscreteActions
from gailpipe.policies.normalizer import varies


class ActionEncoder(nn.Module, ABC):
    """Maps actions as policies have them, (..., action_dim) or (...), to vectors (..., encoded_dim)."""

    encoded_dim: int

    @abstractmethod
    def forward(self, actions: Tensor) -> Tensor:
        """Return the vectors of `actions`."""


class ContinuousEncoder(ActionEncoder):
    """Actions clipped to their bounds, in units of half their range, around its middle.

    Where the range is infinite, the unit is the standard deviation of demonstrated actions, around their mean, once
    there are any, and 1 before.
    """

    center: Tensor  # (action_dim,)
    unit: Tensor  # (action_dim,)

    def __init__(self, actions: ContinuousActions) -> None:
        super().__init__()
        self.encoded_dim = len(actions.low)
        self._low, self._high = torch.from_numpy(actions.low).float(), torch.from_numpy(actions.high).float()
        self._open = torch.from_numpy(~np.isfinite(actions.high - actions.low))  # (action_dim,), bool
        self.register_buffer("center", torch.from_numpy(actions.center).float())
        self.register_buffer("unit", torch.from_numpy(actions.unit).float())

    def forward(self, actions: Tensor) -> Tensor:
        return (actions.clamp(self._low, self._high) - self.center) / self.unit

    def take_units_from(self, actions: Tensor) -> None:
        """Take the units of all dimensions without a range from demonstrated actions, (batch, action_dim)."""
        std, mean = torch.std_mean(actions.double(), 0, unbiased=False)
        self.center = torch.where(self._open, mean.float(), self.center)
        told_apart = varies(std, mean, torch.finfo(torch.float32).eps)
        self.unit = torch.where(self._open & told_apart, std.float(), self.unit)


class DiscreteEncoder(ActionEncoder):
    """One-hot vectors, one for each of the integers, beside each other."""

    exists: Tensor  # (num_integers, most), bool: which values each of the integers has

    def __init__(self, actions: DiscreteActions) -> None:
        super().__init__()
        self.encoded_dim, self._single = sum(actions.counts), not actions.shape
        exists = torch.arange(max(actions.counts)) < torch.tensor(actions.counts).unsqueeze(-1)
        self.register_buffer("exists", exists, persistent=False)

    def forward(self, actions: Tensor) -> Tensor:
        integers = actions.unsqueeze(-1) if self._single else actions
        return nn.functional.one_hot(integers, self.exists.shape[-1])[..., self.exists].float()


def make_encoder(actions: Actions) -> ActionEncoder:
    return ContinuousEncoder(actions) if isinstance(actions, ContinuousActions) else DiscreteEncoder(actions)
