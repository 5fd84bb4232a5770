"""Soft actor-critic (Haarnoja et al. 2018), for continuous and for discrete actions (Christodoulou 2019)."""

import copy
from abc import ABC, abstractmethod
from collections.abc import Callable
from math import log
from typing import NamedTuple

import torch
from torch import Tensor, nn

from gailpipe.envs.spaces import DiscreteActions
from gailpipe.policies.policy import CategoricalPolicy, Policy
from gailpipe.policies.squashed import SquashedPolicy
from gailpipe.rl.off_policy.critics import TwinCritics
from gailpipe.rl.off_policy.settings import OffPolicyTraining
from gailpipe.training.checkpoint import Metrics, Part
from gailpipe.training.transitions import Transitions

FIRST_TEMPERATURE = 0.01
LEAST_Q = 0.1  # the least unit of the policy's loss beside cloning
ENTROPY_PER_DIMENSION = -1.0  # in nats and the encoder's units, as the target of continuous policies
DISCRETE_ENTROPY = 0.1  # of the greatest, as the target of discrete ones


class Value(NamedTuple):
    """What a policy does in some states, each (batch,)."""

    q: Tensor
    """The lesser of both critics' estimates for its action."""
    log_probs: Tensor
    """Of its action; for discrete actions both are expectations."""


class ActionValue(ABC):
    """Q(s, a) by twin critics, of one kind of policy."""

    critics: TwinCritics
    target_entropy: float

    @abstractmethod
    def taken(self, critics: TwinCritics, observations: Tensor, actions: Tensor) -> Tensor:
        """Return both critics' estimates for actions that were taken, (2, batch)."""

    @abstractmethod
    def of_policy(self, critics: TwinCritics, observations: Tensor, generator: torch.Generator) -> Value:
        """Return the value of what the policy does. Gradients flow through its actions, not to the critics."""


class ContinuousActionValue(ActionValue):
    """Critics see an action; expectations over the policy are of one sample."""

    def __init__(self, policy: SquashedPolicy, settings: OffPolicyTraining, generator: torch.Generator) -> None:
        self._policy = policy
        dims = policy.environment.observation_dim, policy.encoder.encoded_dim
        self.critics = TwinCritics(sum(dims), settings.hidden_sizes, 1, generator)
        self.target_entropy = ENTROPY_PER_DIMENSION * dims[1]

    def taken(self, critics: TwinCritics, observations: Tensor, actions: Tensor) -> Tensor:
        return critics(self._inputs(observations, actions)).squeeze(-1)

    def of_policy(self, critics: TwinCritics, observations: Tensor, generator: torch.Generator) -> Value:
        actions, log_probs = self._policy.sample_with_log_probs(observations, generator)
        q = critics(self._inputs(observations, actions), frozen=True).squeeze(-1)
        return Value(q.amin(0), log_probs)

    def _inputs(self, observations: Tensor, actions: Tensor) -> Tensor:
        return torch.cat([self._policy.normalizer(observations), self._policy.encode_actions(actions)], -1)


class DiscreteActionValue(ActionValue):
    """Critics value each action, so that expectations over the policy are exact.

    Where a policy chooses several integers, Q is the sum of a value for each.
    """

    def __init__(self, policy: CategoricalPolicy, settings: OffPolicyTraining, generator: torch.Generator) -> None:
        self._policy = policy
        actions = policy.environment.actions
        assert isinstance(actions, DiscreteActions)
        num_values = policy.encoder.encoded_dim
        self.critics = TwinCritics(policy.environment.observation_dim, settings.hidden_sizes, num_values, generator)
        self.target_entropy = DISCRETE_ENTROPY * sum(map(log, actions.counts))

    def taken(self, critics: TwinCritics, observations: Tensor, actions: Tensor) -> Tensor:
        values = critics(self._policy.normalizer(observations))
        return (values * self._policy.encode_actions(actions)).sum(-1)

    def of_policy(self, critics: TwinCritics, observations: Tensor, generator: torch.Generator) -> Value:
        values = critics(self._policy.normalizer(observations), frozen=True)
        log_probs = self._policy.flat_log_probs(observations)
        probs = log_probs.exp()
        return Value((probs * values).sum(-1).amin(0), (probs * log_probs).sum(-1))


class SoftActorCritic:
    """A policy, its critics, and one step on all of them. A run ends with `average`, the policy's running average.

    Args:
        policy: New.
        settings: Of the step.
        cloning_loss: What is added to the policy's loss, whose own part is in units of the mean |Q|.
        generator: Draws first weights and actions.
    """

    def __init__(
        self,
        policy: Policy,
        settings: OffPolicyTraining,
        cloning_loss: Callable[[], Tensor] | None,
        generator: torch.Generator,
    ) -> None:
        self.policy, self._settings, self._cloning_loss, self._generator = policy, settings, cloning_loss, generator
        self._action_value: ActionValue
        if isinstance(policy, SquashedPolicy):
            self._action_value = ContinuousActionValue(policy, settings, generator)
        else:
            assert isinstance(policy, CategoricalPolicy)
            self._action_value = DiscreteActionValue(policy, settings, generator)
        self._critics = self._action_value.critics
        self._target = copy.deepcopy(self._critics)
        self.average = copy.deepcopy(policy)
        self.average.normalizer = policy.normalizer
        self._log_temperature = nn.Parameter(torch.tensor(log(FIRST_TEMPERATURE)))
        learned = [*self._critics.parameters(), *policy.parameters(), self._log_temperature]
        self._optimizer = torch.optim.Adam(learned, settings.learning_rate, fused=True)

    def update(
        self, transitions: Transitions, rewards: Tensor, *, with_policy: bool, policy_weight: float = 1.0
    ) -> Metrics:
        """Take a step of Adam on the critics and, if so asked, on policy and temperature: one backward pass for all.

        Args:
            transitions: A batch of the replay buffer, (batch,).
            rewards: Of these, (batch,).
            with_policy: Whether the policy moves, too.
            policy_weight: Of its own loss beside cloning.

        Returns:
            What the learning curves show.
        """
        temperature = self._log_temperature.detach().exp()
        with torch.no_grad():
            after = self._action_value.of_policy(self._target, transitions.next_observations, self._generator)
            goes_on = self._settings.discount * (~transitions.terminated).to(rewards)
            targets = rewards + goes_on * (after.q - temperature * after.log_probs)
        estimates = self._action_value.taken(self._critics, transitions.observations, transitions.actions)
        critic_loss = (estimates - targets).square().mean(-1).sum()
        loss, metrics = critic_loss, {"critic_loss": critic_loss, "q": targets.mean()}
        if with_policy:
            now = self._action_value.of_policy(self._critics, transitions.observations, self._generator)
            policy_loss = (temperature * now.log_probs - now.q).mean()
            if self._cloning_loss is not None:
                cloning_loss = self._cloning_loss()
                unit = now.q.detach().abs().mean().clamp_min(LEAST_Q)
                policy_loss = policy_weight * policy_loss / unit + cloning_loss
                metrics["cloning_loss"] = cloning_loss
            missing = now.log_probs.detach().mean() + self._action_value.target_entropy
            loss = loss + policy_loss - self._log_temperature * missing
            metrics |= {"entropy": -now.log_probs.mean(), "temperature": temperature}
        self._optimizer.zero_grad()
        loss.backward()
        self._optimizer.step()
        _approach(self._target, self._critics, self._settings.target_rate)
        if with_policy:
            _approach(self.average, self.policy, self._settings.average_rate)
        return {name: float(value.detach()) for name, value in metrics.items()}

    def set_learning_rate(self, learning_rate: float) -> None:
        self._optimizer.param_groups[0]["lr"] = learning_rate

    def parts(self) -> dict[str, Part]:
        """Return all that lasts, by name, for checkpoints."""
        return {
            "policy": self.policy,
            "average": self.average,
            "critics": self._critics,
            "target": self._target,
            "temperature": nn.ParameterList([self._log_temperature]),
            "optimizer": self._optimizer,
        }


@torch.no_grad()
def _approach(follower: nn.Module, leader: nn.Module, rate: float) -> None:
    """Move each parameter of `follower` towards the leader's by a share of what is between them."""
    pairs = zip(follower.parameters(), leader.parameters(), strict=True)
    followers, leaders = zip(*((mine.data, other.data) for mine, other in pairs), strict=True)
    torch._foreach_lerp_(followers, leaders, rate)
