"""Running standardisation of observations."""

from typing import Any

import torch
from torch import Tensor, nn

CLIP = 10.0
LEAST_STD = 1e-12  # of what varies at all; simulators leave less where nothing moves
ROUNDING = 8.0  # errors of this many units in the last place are no variation


class Normalizer(nn.Module):
    """Standardises by the mean and variance of all rows seen so far; it changes nothing before the first `update`.

    Rows may be in single or in double precision; they are standardised in their own, and are single then. What has
    not varied beyond rounding so far is centred, and not scaled.
    """

    count: Tensor  # ()
    mean: Tensor  # (dim,)
    variance: Tensor  # (dim,)
    precision: Tensor  # (): the unit in the last place, at 1, of the coarsest rows so far
    _offset: Tensor  # (dim,), in the precision of the networks
    _scale: Tensor  # (dim,), too

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.register_buffer("count", torch.zeros((), dtype=torch.float64))
        self.register_buffer("mean", torch.zeros(dim, dtype=torch.float64))
        self.register_buffer("variance", torch.ones(dim, dtype=torch.float64))
        self.register_buffer("precision", torch.zeros((), dtype=torch.float64))
        self.register_buffer("_offset", torch.zeros(dim), persistent=False)
        self.register_buffer("_scale", torch.ones(dim), persistent=False)
        self._refresh()

    def _load_from_state_dict(self, *arguments: Any) -> None:
        super()._load_from_state_dict(*arguments)
        self._refresh()

    def forward(self, rows: Tensor) -> Tensor:
        """Return (rows − mean) / std, clipped to ±10, in single precision; shape (..., dim) as given."""
        offset, scale = (
            (self.mean, self._scale_in_double) if rows.dtype == torch.float64 else (self._offset, self._scale)
        )
        return (rows - offset).mul_(scale).to(self._scale.dtype).clamp_(-CLIP, CLIP)

    def update(self, rows: Tensor) -> None:
        """Merge the moments of `rows`, (batch, dim), into the running ones (Chan et al. 1979)."""
        self.precision = self.precision.clamp_min(torch.finfo(rows.dtype).eps)
        rows = rows.double()
        count, mean = rows.shape[0], rows.mean(0)
        total = self.count + count
        shift = mean - self.mean
        spread = self.count * self.variance + count * rows.var(0, unbiased=False)
        self.variance = (spread + shift.square() * self.count * count / total) / total
        self.mean = self.mean + shift * count / total
        self.count = total
        self._refresh()

    def widen(self, rows: Tensor) -> None:
        """Let no feature's unit be less than its standard deviation in `rows`, (batch, dim)."""
        self.variance = torch.maximum(self.variance, rows.double().var(0, unbiased=False))
        self._refresh()

    def _refresh(self) -> None:
        std = self.variance.sqrt()
        self._scale_in_double = torch.where(varies(std, self.mean, self.precision), std.reciprocal(), 1.0)
        self._offset = self.mean.to(self._offset.dtype)
        self._scale = self._scale_in_double.to(self._scale.dtype)


def varies(std: Tensor, mean: Tensor, precision: Tensor | float) -> Tensor:
    """Tell of each element with these moments whether it varies beyond rounding in a `precision` (finfo.eps)."""
    return std > (ROUNDING * precision * mean.abs()).clamp_min(LEAST_STD)
