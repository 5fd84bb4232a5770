"""Running standardisation of observations."""

import torch
from torch import Tensor, nn

CLIP = 10.0


class Normalizer(nn.Module):
    """Standardises by the mean and variance of all rows seen so far; it changes nothing before the first `update`."""

    count: Tensor  # ()
    mean: Tensor  # (dim,)
    variance: Tensor  # (dim,)

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.register_buffer("count", torch.zeros((), dtype=torch.float64))
        self.register_buffer("mean", torch.zeros(dim, dtype=torch.float64))
        self.register_buffer("variance", torch.ones(dim, dtype=torch.float64))
        self.register_buffer("_offset", torch.zeros(dim), persistent=False)
        self.register_buffer("_scale", torch.ones(dim), persistent=False)
        self.register_load_state_dict_post_hook(lambda module, _: module._refresh())

    def forward(self, rows: Tensor) -> Tensor:
        """Return (rows − mean) / std, clipped to ±10; shape (..., dim) as given."""
        return ((rows - self._offset) * self._scale).clamp(-CLIP, CLIP)

    def update(self, rows: Tensor) -> None:
        """Merge the moments of `rows`, (batch, dim), into the running ones (Chan et al. 1979)."""
        rows = rows.double()
        count, mean = rows.shape[0], rows.mean(0)
        total = self.count + count
        shift = mean - self.mean
        spread = self.count * self.variance + count * rows.var(0, unbiased=False)
        self.variance = (spread + shift.square() * self.count * count / total) / total
        self.mean = self.mean + shift * count / total
        self.count = total
        self._refresh()

    def _refresh(self) -> None:
        self._offset = self.mean.float()
        self._scale = (self.variance + 1e-8).rsqrt().float()
