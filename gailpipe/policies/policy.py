"""Stochastic policies π(a|s): a Gaussian over continuous actions, a categorical over discrete ones."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.distributions import Categorical, Distribution, Independent, Normal

from gailpipe.envs.environment import ContinuousActions, DiscreteActions, Environment
from gailpipe.policies.networks import mlp
from gailpipe.policies.normalizer import Normalizer

OUTPUT_GAIN = 0.01  # small, so that a new policy hardly depends on what it observes


class Policy(nn.Module, ABC):
    """A policy of one environment. Observations are raw everywhere: the policy holds its own normaliser.

    Calling it maps NumPy observations to actions that a Gymnasium environment executes.
    """

    def __init__(self, environment: Environment, hidden_sizes: Sequence[int]) -> None:
        super().__init__()
        self.environment = environment
        self.hidden_sizes = tuple(hidden_sizes)
        self.normalizer = Normalizer(environment.observation_dim)

    def forward(self, observations: NDArray, generator: torch.Generator | None = None) -> NDArray:
        """Act on observations (..., observation_dim): by the mode, or by a sample if a `generator` is given."""
        batch = torch.from_numpy(np.array(observations, np.float32))
        with torch.inference_mode():
            actions = self.mode(batch) if generator is None else self.sample(batch, generator)
        return self.environment.actions.executable(actions.numpy())

    @property
    @abstractmethod
    def encoded_dim(self) -> int:
        """Length of an encoded action."""

    @abstractmethod
    def distribution(self, observations: Tensor) -> Distribution:
        """Return π(·|s) for observations (..., observation_dim)."""

    @abstractmethod
    def mode(self, observations: Tensor) -> Tensor:
        """Return the likeliest action for each of observations (..., observation_dim)."""

    @abstractmethod
    def sample(self, observations: Tensor, generator: torch.Generator) -> Tensor:
        """Draw an action for each of observations (..., observation_dim)."""

    @abstractmethod
    def encode_actions(self, actions: Tensor) -> Tensor:
        """Return what a discriminator sees of `actions`: (..., encoded_dim), of order 1."""


class GaussianPolicy(Policy):
    """N(μ(s), diag σ²); actions are float32 (..., action_dim). σ does not depend on the state.

    Means and log σ are in units of half the action range (of 1 where it is infinite).
    """

    def __init__(
        self, environment: Environment, hidden_sizes: Sequence[int], initial_log_std: float, generator: torch.Generator
    ) -> None:
        super().__init__(environment, hidden_sizes)
        assert isinstance(environment.actions, ContinuousActions)
        low, high = torch.from_numpy(environment.actions.low), torch.from_numpy(environment.actions.high)
        bounded = torch.isfinite(high - low)
        self._low, self._high = low, high
        self._center = torch.where(bounded, (high + low) / 2, 0.0)  # (action_dim,)
        self._half_range = torch.where(bounded, (high - low) / 2, 1.0)  # (action_dim,)
        self.mean_network = mlp(environment.observation_dim, hidden_sizes, len(low), generator, OUTPUT_GAIN)
        self.log_std = nn.Parameter(torch.full((len(low),), float(initial_log_std)))

    @property
    def encoded_dim(self) -> int:
        return len(self._low)

    def distribution(self, observations: Tensor) -> Independent:
        mean = self.mode(observations)
        return Independent(Normal(mean, (self.log_std.exp() * self._half_range).expand_as(mean), False), 1, False)

    def mode(self, observations: Tensor) -> Tensor:
        return self._center + self._half_range * self.mean_network(self.normalizer(observations))

    def sample(self, observations: Tensor, generator: torch.Generator) -> Tensor:
        mean = self.mode(observations)
        return mean + self.log_std.exp() * self._half_range * torch.randn(mean.shape, generator=generator)

    def encode_actions(self, actions: Tensor) -> Tensor:
        return (actions.clamp(self._low, self._high) - self._center) / self._half_range


class CategoricalPolicy(Policy):
    """A softmax over the environment's actions, which are int64 (...)."""

    def __init__(self, environment: Environment, hidden_sizes: Sequence[int], generator: torch.Generator) -> None:
        super().__init__(environment, hidden_sizes)
        assert isinstance(environment.actions, DiscreteActions)
        self.logit_network = mlp(
            environment.observation_dim, hidden_sizes, environment.actions.count, generator, OUTPUT_GAIN
        )
        self._count = environment.actions.count

    @property
    def encoded_dim(self) -> int:
        return self._count

    def distribution(self, observations: Tensor) -> Categorical:
        return Categorical(logits=self._logits(observations), validate_args=False)

    def mode(self, observations: Tensor) -> Tensor:
        return self._logits(observations).argmax(-1)

    def sample(self, observations: Tensor, generator: torch.Generator) -> Tensor:
        logits = self._logits(observations)
        gumbel = -torch.empty(logits.shape).exponential_(generator=generator).log()
        return (logits + gumbel).argmax(-1)

    def encode_actions(self, actions: Tensor) -> Tensor:
        return nn.functional.one_hot(actions, self._count).float()

    def _logits(self, observations: Tensor) -> Tensor:
        return self.logit_network(self.normalizer(observations))


def make_policy(
    environment: Environment, hidden_sizes: Sequence[int], initial_log_std: float, generator: torch.Generator
) -> Policy:
    """Build a random policy of the kind that the environment's actions ask for."""
    if isinstance(environment.actions, ContinuousActions):
        return GaussianPolicy(environment, hidden_sizes, initial_log_std, generator)
    return CategoricalPolicy(environment, hidden_sizes, generator)
