"""GAIL's reward: how much a pair looks like the expert's to a discriminator that learns along."""

import torch
from torch import Tensor

from gailpipe.algorithms.gail.loss import discriminator_loss
from gailpipe.algorithms.gail.settings import Gail
from gailpipe.demonstrations.demonstrations import Demonstrations
from gailpipe.policies.policy import Policy
from gailpipe.rewards.discriminator import Discriminator, imitation_reward
from gailpipe.rewards.learned import reward_bytes
from gailpipe.rl.rollout import Rollout
from gailpipe.training.checkpoint import Metrics, Part


class GailReward:
    """The reward of generative adversarial imitation (Ho & Ermon 2016, algorithm 1), as the policy's loop uses it."""

    def __init__(
        self, policy: Policy, demonstrations: Demonstrations, settings: Gail, generator: torch.Generator
    ) -> None:
        self._policy, self._settings, self._generator = policy, settings, generator
        self._ends_on_success = settings.episodes_end_on_success is True
        self._expert_observations = demonstrations.observations  # (num_expert, observation_dim)
        self._expert_actions = policy.encode_actions(demonstrations.actions)  # (num_expert, encoded_dim)
        self.discriminator = Discriminator(
            policy.normalizer, policy.encoder.encoded_dim, settings.hidden_sizes, generator
        )
        self._optimizer = torch.optim.Adam(
            self.discriminator.network.parameters(), settings.discriminator.learning_rate, fused=True
        )

    def fit(self, rollout: Rollout) -> Metrics:
        """Take a few steps on the discriminator; return its accuracy on the first one's pairs, and the last loss."""
        settings = self._settings.discriminator
        observations, actions = rollout.valid_observations, self._policy.encode_actions(rollout.valid_actions)
        metrics: Metrics = {}
        for _ in range(settings.steps):
            expert = self._some(self._expert_observations, self._expert_actions)
            policy = self._some(observations, actions)
            metrics = metrics or self._accuracy(expert, policy)
            loss = discriminator_loss(self.discriminator, expert, policy, settings, self._generator)
            self._optimizer.zero_grad()
            loss.backward()
            self._optimizer.step()
        return metrics | {"discriminator_loss": float(loss.detach())}

    def __call__(self, rollout: Rollout) -> Tensor:
        """Return log D or −log(1 − D), less λ log π; (num_steps, num_envs)."""
        observations = rollout.observations[:-1]
        logits = self.discriminator(observations, self._policy.encode_actions(rollout.actions))
        rewards = imitation_reward(logits, self._ends_on_success)
        if self._settings.causal_entropy:
            log_probs = self._policy.distribution(observations).log_prob(rollout.actions)
            rewards = rewards - self._settings.causal_entropy * log_probs
        return rewards

    def parts(self) -> dict[str, Part]:
        return {"discriminator": self.discriminator.network, "discriminator_optimizer": self._optimizer}

    def files(self) -> dict[str, bytes]:
        return {"reward": reward_bytes(self.discriminator, self._policy, self._ends_on_success)}

    def _some(self, observations: Tensor, actions: Tensor) -> Tensor:
        """Return the inputs of a minibatch of pairs, without replacement; of all where they are few."""
        size = self._settings.discriminator.batch_size
        if len(observations) > size:
            chosen = torch.randperm(len(observations), generator=self._generator)[:size]
            observations, actions = observations[chosen], actions[chosen]
        return self.discriminator.inputs(observations, actions)

    @torch.no_grad()
    def _accuracy(self, expert: Tensor, policy: Tensor) -> Metrics:
        return {
            "expert_accuracy": float((self.discriminator.logits(expert) > 0).float().mean()),
            "policy_accuracy": float((self.discriminator.logits(policy) < 0).float().mean()),
        }
