"""The reward of a discriminator that learns along with the policy: GAIL's, AIRL's, and those off-policy."""

import torch
from torch import Tensor

from gailpipe.demonstrations.demonstrations import Demonstrations
from gailpipe.policies.policy import Policy
from gailpipe.rewards.discriminator import View, make_discriminator
from gailpipe.rewards.learned import Pays, reward_bytes
from gailpipe.rewards.loss import cross_entropy, gradient_penalty, points_between
from gailpipe.rewards.settings import Adversarial
from gailpipe.training.checkpoint import Metrics, Part
from gailpipe.training.transitions import Transitions


class AdversarialReward:
    """How much a transition looks like the expert's to a discriminator (Ho & Ermon 2016, algorithm 1).

    The logit of AIRL's is f − log π, and so is its reward (Fu et al. 2018, equation 4 and section 6).

    Args:
        policy: What learns from it; initialised.
        demonstrations: The expert's.
        settings: Of the discriminator.
        pays_for_ends: Decides the sign of the reward of D(s, a) (`Pays`).
        discount: γ of AIRL's shaping, the policy's own.
        less_log_probs: Whether log π is taken off AIRL's f. It is not where the policy learns with an entropy of its
            own, nor ever where actions are not looked at.
        generator: Draws the first weights, and minibatches.
    """

    def __init__(
        self,
        policy: Policy,
        demonstrations: Demonstrations,
        settings: Adversarial,
        pays_for_ends: bool,
        discount: float,
        less_log_probs: bool,
        generator: torch.Generator,
    ) -> None:
        self._policy, self._settings, self._generator = policy, settings.discriminator, generator
        view = View(policy.normalizer, policy.encoder)
        self.discriminator = make_discriminator(view, settings, discount, generator).eval()
        self._pays = Pays.LOGIT if settings.shaped else Pays.LOG_D if pays_for_ends else Pays.MINUS_LOG_ONE_MINUS_D
        self._less_log_probs = less_log_probs and settings.shaped and not settings.observations_only
        self._expert = demonstrations.transitions(followed=settings.judges_next_observations)
        parameters = list(self.discriminator.parameters())
        self._optimizer = torch.optim.Adam(parameters, self._settings.learning_rate, fused=True)

    def fit(self, transitions: Transitions) -> Metrics:
        """Take a few steps on the discriminator; return its accuracy on the first one's pairs, and the last loss."""
        self.discriminator.train()
        metrics: Metrics = {}
        for _ in range(self._settings.steps):
            expert, policy = self._some(self._expert), self._some(transitions)
            expert_inputs, policy_inputs = self.discriminator.inputs(expert), self.discriminator.inputs(policy)
            logits = self.discriminator.logits(torch.cat([expert_inputs, policy_inputs]))
            expert_logits, policy_logits = logits.tensor_split([len(expert)])
            expert_logits = self._judgement(expert_logits, expert)
            policy_logits = self._judgement(policy_logits, policy)
            loss = cross_entropy(expert_logits, policy_logits, self._settings.entropy_bonus)
            if self._settings.gradient_penalty:
                points = points_between(expert_inputs, policy_inputs, self._generator)
                loss = loss + self._settings.gradient_penalty * gradient_penalty(self.discriminator, points)
            self._optimizer.zero_grad()
            loss.backward()
            self._optimizer.step()
            metrics = metrics or _accuracy(expert_logits, policy_logits)
        self.discriminator.eval()
        return metrics | {"discriminator_loss": float(loss.detach())}

    @torch.no_grad()
    def __call__(self, transitions: Transitions) -> Tensor:
        """Return log D or −log(1 − D), or AIRL's log D − log(1 − D); (...)."""
        logits = self._judgement(self.discriminator(transitions), transitions)
        return self._pays(logits)

    def parts(self) -> dict[str, Part]:
        return {"discriminator": self.discriminator, "discriminator_optimizer": self._optimizer}

    def files(self) -> dict[str, bytes]:
        return {"reward": reward_bytes(self.discriminator, self._policy, self._pays)}

    def _some(self, transitions: Transitions) -> Transitions:
        """Return a minibatch, without replacement; all of them where they are few."""
        size = self._settings.batch_size
        if len(transitions) <= size:
            return transitions
        return transitions[torch.randperm(len(transitions), generator=self._generator)[:size]]

    def _judgement(self, logits: Tensor, transitions: Transitions) -> Tensor:
        if not self._less_log_probs:
            return logits
        with torch.no_grad():
            log_probs = self._policy.distribution(transitions.observations).log_prob(transitions.actions)
        return logits - log_probs


@torch.no_grad()
def _accuracy(expert_logits: Tensor, policy_logits: Tensor) -> Metrics:
    return {
        "expert_accuracy": float((expert_logits > 0).float().mean()),
        "policy_accuracy": float((policy_logits < 0).float().mean()),
    }
