"""The value function V(s), fitted to returns."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from gailpipe.policies.networks import mlp
from gailpipe.policies.normalizer import Normalizer
from gailpipe.rl.on_policy.settings import ValueFunctionFit

MOMENTS_KEPT = 0.9  # of the running moments of returns, at each fit


class ValueFunction(nn.Module):
    """V(s), in the returns' own units whatever their scale.

    The network predicts standardised returns; when their moments move, its last layer is rescaled so that the
    predictions do not (PopArt; van Hasselt et al. 2016, proposition 1). The moments are running averages μ of the
    returns and ν of their squares; σ² = ν − μ² so that a mean that drifts widens σ, too.
    """

    return_mean: Tensor  # ()
    return_std: Tensor  # ()
    fitted: Tensor  # (), bool: whether the moments are of any returns

    def __init__(
        self,
        normalizer: Normalizer,
        hidden_sizes: Sequence[int],
        settings: ValueFunctionFit,
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        self.normalizer = normalizer
        self.network = mlp(len(normalizer.mean), hidden_sizes, 1, generator)
        self.register_buffer("return_mean", torch.zeros(()))
        self.register_buffer("return_std", torch.ones(()))
        self.register_buffer("fitted", torch.zeros((), dtype=torch.bool))
        self._settings = settings
        self.optimizer = torch.optim.Adam(self.network.parameters(), settings.learning_rate, fused=True)

    def forward(self, observations: Tensor) -> Tensor:
        """Return V of observations (..., observation_dim), shape (...)."""
        return self._standardised(observations) * self.return_std + self.return_mean

    def fit(self, observations: Tensor, returns: Tensor, generator: torch.Generator) -> dict[str, float]:
        """Regress on `returns` (batch,) of observations (batch, observation_dim), by least squares."""
        self._move_moments(returns)
        targets = (returns - self.return_mean) / self.return_std
        losses = []
        for _ in range(self._settings.epochs):
            for batch in torch.randperm(len(targets), generator=generator).split(self._settings.batch_size):
                loss = (self._standardised(observations[batch]) - targets[batch]).square().mean()
                self.optimizer.zero_grad()
                loss.backward()
                self.optimizer.step()
                losses.append(loss.detach())
        return {"value_loss": float(torch.stack(losses).mean())}

    def _standardised(self, observations: Tensor) -> Tensor:
        return self.network(self.normalizer(observations)).squeeze(-1)

    @torch.no_grad()
    def _move_moments(self, returns: Tensor) -> None:
        mean, variance = returns.mean(), returns.var(unbiased=False)
        if self.fitted:
            drift = mean - self.return_mean
            mean = torch.lerp(mean, self.return_mean, MOMENTS_KEPT)
            variance = torch.lerp(variance, self.return_std.square(), MOMENTS_KEPT)
            variance = variance + MOMENTS_KEPT * (1 - MOMENTS_KEPT) * drift.square()  # so that it is ν − μ²
        std = variance.sqrt().clamp_min(1e-6)
        if self.fitted:
            last = self.network[-1]
            assert isinstance(last, nn.Linear)
            last.weight.mul_(self.return_std / std)
            last.bias.mul_(self.return_std / std).add_((self.return_mean - mean) / std)
        self.return_mean, self.return_std, self.fitted = mean, std, torch.ones_like(self.fitted)
