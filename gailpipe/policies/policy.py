"""Stochastic policies π(a|s): a Gaussian over continuous actions, categoricals over discrete ones."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.distributions import Categorical, Distribution, Independent, Normal

from gailpipe.envs.spaces import ContinuousActions, Interface
from gailpipe.policies.encoding import ContinuousEncoder, DiscreteEncoder, make_encoder
from gailpipe.policies.networks import function_of, mlp
from gailpipe.policies.normalizer import Normalizer

NO_LOGIT = -1e9  # whose probability is 0, and its product with a logarithm no NaN
LEAST_SPREAD = 0.01  # in the encoder's units; what was never varied is tried a little, too
OUTPUT_GAIN = 0.01  # small, so that a new policy hardly depends on what it observes


class Policy(nn.Module, ABC):
    """A policy of one environment. Observations are raw everywhere: the policy holds its own normaliser.

    Calling it maps NumPy observations to actions that a Gymnasium environment executes.
    """

    def __init__(self, environment: Interface, hidden_sizes: Sequence[int]) -> None:
        super().__init__()
        self.environment = environment
        self.hidden_sizes = tuple(hidden_sizes)
        self.normalizer = Normalizer(environment.observation_dim)
        self.encoder = make_encoder(environment.actions)

    def forward(self, observations: NDArray, generator: torch.Generator | None = None) -> NDArray:
        """Act on observations (..., observation_dim): by the mode, or by a sample if a `generator` is given."""
        precision = np.float64 if np.asarray(observations).dtype == np.float64 else np.float32
        batch = torch.from_numpy(np.array(observations, precision))
        with torch.inference_mode():
            actions = self.mode(batch) if generator is None else self.sample(batch, generator)
        return self.environment.actions.executable(actions.numpy())

    @abstractmethod
    def distribution(self, observations: Tensor) -> Distribution:
        """Return π(·|s) for observations (..., observation_dim)."""

    @abstractmethod
    def mode(self, observations: Tensor) -> Tensor:
        """Return the likeliest action for each of observations (..., observation_dim)."""

    @abstractmethod
    def sample(self, observations: Tensor, generator: torch.Generator) -> Tensor:
        """Draw an action for each of observations (..., observation_dim)."""

    def sampler(self, generator: torch.Generator) -> Callable[[Tensor], Tensor]:
        """Return `sample` of the policy as it is now, for many steps of few observations."""
        return lambda observations: self.sample(observations, generator)

    def encode_actions(self, actions: Tensor) -> Tensor:
        """Return what a discriminator sees of `actions`: (..., encoded_dim), of order 1."""
        return self.encoder(actions)

    def start_from(self, observations: Tensor, actions: Tensor) -> None:
        """Take the units of a new policy from demonstrations: (batch, observation_dim), and actions (batch, ...)."""
        self.normalizer.update(observations)
        if isinstance(self.encoder, ContinuousEncoder):
            self.encoder.take_units_from(actions)

    def take_noise_from(self, actions: Tensor, log_std: float) -> None:
        """Explore e^`log_std` times as widely as demonstrated actions spread, (batch, ...), where σ is a parameter."""


class GaussianPolicy(Policy):
    """N(μ(s), diag σ²); actions are float32 (..., action_dim). σ does not depend on the state.

    The network's outputs and log σ are in the encoder's units.
    """

    encoder: ContinuousEncoder

    def __init__(
        self, environment: Interface, hidden_sizes: Sequence[int], initial_log_std: float, generator: torch.Generator
    ) -> None:
        super().__init__(environment, hidden_sizes)
        action_dim = self.encoder.encoded_dim
        self.mean_network = mlp(environment.observation_dim, hidden_sizes, action_dim, generator, OUTPUT_GAIN)
        self.log_std = nn.Parameter(torch.full((action_dim,), float(initial_log_std)))

    def distribution(self, observations: Tensor) -> Independent:
        mean = self.mode(observations)
        return Independent(Normal(mean, self._std().expand_as(mean), False), 1, False)

    @torch.no_grad()
    def take_noise_from(self, actions: Tensor, log_std: float) -> None:
        spread = self.encode_actions(actions).std(0, correction=0)
        self.log_std.copy_(spread.clamp_min(LEAST_SPREAD).log() + log_std)

    def mode(self, observations: Tensor) -> Tensor:
        return self.encoder.center + self.encoder.unit * self.mean_network(self.normalizer(observations))

    def sample(self, observations: Tensor, generator: torch.Generator) -> Tensor:
        return self.sampler(generator)(observations)

    def sampler(self, generator: torch.Generator) -> Callable[[Tensor], Tensor]:
        standardise, network = self.normalizer.forward, function_of(self.mean_network)
        center, unit, std = self.encoder.center, self.encoder.unit, self._std()

        def sample(observations: Tensor) -> Tensor:
            mean = center + unit * network(standardise(observations))
            return mean + std * torch.randn(mean.shape, generator=generator)

        return sample

    def _std(self) -> Tensor:
        return self.log_std.exp() * self.encoder.unit


class CategoricalPolicy(Policy):
    """A softmax over the environment's actions, which are int64 (...), counted from 0."""

    encoder: DiscreteEncoder

    def __init__(self, environment: Interface, hidden_sizes: Sequence[int], generator: torch.Generator) -> None:
        super().__init__(environment, hidden_sizes)
        num_logits = self.encoder.encoded_dim
        self.logit_network = mlp(environment.observation_dim, hidden_sizes, num_logits, generator, OUTPUT_GAIN)

    def distribution(self, observations: Tensor) -> Distribution:
        return Categorical(logits=self.logits(observations), validate_args=False)

    def mode(self, observations: Tensor) -> Tensor:
        return self.logits(observations).argmax(-1)

    def sample(self, observations: Tensor, generator: torch.Generator) -> Tensor:
        logits = self.logits(observations)
        gumbel = -torch.empty(logits.shape).exponential_(generator=generator).log()
        return (logits + gumbel).argmax(-1)

    def flat_log_probs(self, observations: Tensor) -> Tensor:
        """Return the logs of all integers' probabilities beside each other, (..., encoded_dim)."""
        return self.logits(observations).log_softmax(-1)

    def logits(self, observations: Tensor) -> Tensor:
        """Return logits (..., num_actions) of observations (..., observation_dim)."""
        return self.flat_logits(observations)

    def flat_logits(self, observations: Tensor) -> Tensor:
        """Return the logits of all integers beside each other, (..., encoded_dim)."""
        return self.logit_network(self.normalizer(observations))


class ProductPolicy(CategoricalPolicy):
    """Independent softmaxes, one for each of the environment's integers; actions are int64 (..., num_integers)."""

    def distribution(self, observations: Tensor) -> Distribution:
        return Independent(Categorical(logits=self.logits(observations), validate_args=False), 1, False)

    def flat_log_probs(self, observations: Tensor) -> Tensor:
        return self.logits(observations).log_softmax(-1)[..., self.encoder.exists]

    def logits(self, observations: Tensor) -> Tensor:
        """Return logits (..., num_integers, most), `NO_LOGIT` where an integer has fewer values than another."""
        logits, exists = self.flat_logits(observations), self.encoder.exists
        rows = logits.new_full((*logits.shape[:-1], *exists.shape), NO_LOGIT)
        rows[..., exists] = logits
        return rows


def make_policy(
    environment: Interface, hidden_sizes: Sequence[int], initial_log_std: float, generator: torch.Generator
) -> Policy:
    """Build a random policy of the kind that the environment's actions ask for."""
    if isinstance(environment.actions, ContinuousActions):
        return GaussianPolicy(environment, hidden_sizes, initial_log_std, generator)
    kind = ProductPolicy if environment.actions.shape else CategoricalPolicy
    return kind(environment, hidden_sizes, generator)
