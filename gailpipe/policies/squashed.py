"""The policy of off-policy learning: a Gaussian whose noise depends on the state, squashed between bounds."""

from collections.abc import Sequence
from math import e, log, pi

import torch
from torch import Tensor, nn
from torch.distributions import Distribution, Independent, Normal, Transform, TransformedDistribution, constraints
from torch.nn.functional import softplus

from gailpipe.envs.spaces import ContinuousActions, Interface
from gailpipe.policies.encoding import ContinuousEncoder
from gailpipe.policies.networks import mlp
from gailpipe.policies.policy import OUTPUT_GAIN, Policy, make_policy

LEAST_LOG_STD, GREATEST_LOG_STD = -10.0, 2.0
INSIDE = 1 - 1e-6  # of the range between the bounds: as far out as an executed action is taken to lie


class SquashedPolicy(Policy):
    """c + w · tanh(u) with u ~ N(μ(s), diag σ²(s)) (Haarnoja et al. 2018, appendix C); float32 (..., action_dim).

    c and w are the encoder's center and unit. Where a dimension has not two bounds, u itself stands for tanh(u).
    """

    encoder: ContinuousEncoder
    bounded: Tensor  # (action_dim,), bool

    def __init__(self, environment: Interface, hidden_sizes: Sequence[int], generator: torch.Generator) -> None:
        super().__init__(environment, hidden_sizes)
        actions, action_dim = environment.actions, self.encoder.encoded_dim
        assert isinstance(actions, ContinuousActions)
        self.register_buffer("bounded", torch.from_numpy(actions.bounded), persistent=False)
        self.network = mlp(
            environment.observation_dim, hidden_sizes, 2 * action_dim, generator, OUTPUT_GAIN, activation="relu"
        )

    def set_noise(self, entropy: float) -> None:
        """Give a new policy's u an entropy, in nats per dimension, whatever the state."""
        output = self.network[-1]
        assert isinstance(output, nn.Linear)
        with torch.no_grad():
            output.bias.chunk(2)[1].fill_(entropy - log(2 * pi * e) / 2)

    def distribution(self, observations: Tensor) -> Distribution:
        mean, std = self._moments(observations)
        squashed = TransformedDistribution(Normal(mean, std, False), self._squash(), False)
        return Independent(squashed, 1, False)

    def mode(self, observations: Tensor) -> Tensor:
        """Return where the mean of u goes, which is the median of each dimension."""
        return self._squash()(self._moments(observations)[0])

    def sample(self, observations: Tensor, generator: torch.Generator) -> Tensor:
        mean, std = self._moments(observations)
        return self._squash()(mean + std * torch.randn(mean.shape, generator=generator))

    def sample_with_log_probs(self, observations: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Return actions (..., action_dim), and the logs of their densities in the encoder's units, (...).

        Gradients flow through both.
        """
        mean, std = self._moments(observations)
        noise, squash = torch.randn(mean.shape, generator=generator), self._squash()
        raw = mean + std * noise
        actions = squash(raw)
        log_probs = -(noise.square() + log(2 * pi)) / 2 - std.log() - squash.log_slope(raw)
        return actions, log_probs.sum(-1)

    def _moments(self, observations: Tensor) -> tuple[Tensor, Tensor]:
        """Return the mean and the standard deviation of u, each (..., action_dim)."""
        mean, log_std = self.network(self.normalizer(observations)).chunk(2, -1)
        return mean, log_std.clamp(LEAST_LOG_STD, GREATEST_LOG_STD).exp()

    def _squash(self) -> "Squash":
        return Squash(self.encoder.center, self.encoder.unit, self.bounded)


class Squash(Transform):
    """u ↦ center + unit · tanh(u), or center + unit · u in dimensions that are not bounded."""

    domain = constraints.real
    codomain = constraints.real
    bijective = True
    sign = 1

    def __init__(self, center: Tensor, unit: Tensor, bounded: Tensor) -> None:
        super().__init__()
        self._center, self._unit, self._bounded = center, unit, bounded

    def _call(self, x: Tensor) -> Tensor:
        return self._center + self._unit * torch.where(self._bounded, torch.tanh(x), x)

    def _inverse(self, y: Tensor) -> Tensor:
        encoded = (y - self._center) / self._unit
        return torch.where(self._bounded, encoded.clamp(-INSIDE, INSIDE).atanh(), encoded)

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        return self._unit.log() + self.log_slope(x)

    def log_slope(self, x: Tensor) -> Tensor:
        """Return log(1 − tanh² x) without cancellation, (..., action_dim); 0 in dimensions that are not bounded."""
        return torch.where(self._bounded, 2 * (log(2) - x - softplus(-2 * x)), 0.0)


def make_actor(environment: Interface, hidden_sizes: Sequence[int], generator: torch.Generator) -> Policy:
    """Build a random policy for off-policy learning, of the kind that the environment's actions ask for."""
    if isinstance(environment.actions, ContinuousActions):
        return SquashedPolicy(environment, hidden_sizes, generator)
    return make_policy(environment, hidden_sizes, 0.0, generator)
