"""The RND bonus for going where the policy has seldom been, where the environment's reward tells nothing."""

import torch
from torch import Tensor, nn
from torch.nn.functional import mse_loss

from gailpipe.policies.networks import mlp
from gailpipe.policies.normalizer import Normalizer
from gailpipe.policies.policy import Policy
from gailpipe.training.checkpoint import Metrics, Part
from gailpipe.training.transitions import Transitions

FEATURES = 32  # of the fixed random network, which the other one learns to predict
LEARNING_RATE = 1e-3
BATCH_SIZE = 512
LEAST_UNIT = 1e-8  # where all of the first rollout is one place, which is no novelty at all


class RndReward(nn.Module):
    """The environment's reward, plus `weight` times the novelty of where a step leads.

    Novelty is the error of a network that learns to predict a random one where the policy has been (random network
    distillation; Burda et al. 2019), in units of its mean in the first rollout: it fades as it becomes known.
    The networks see observations standardised by all that the policy has reached, the rollout at hand included, so
    that the unit comes from standardised ones, too.
    """

    unit: Tensor  # (), NaN before the first rollout

    def __init__(self, policy: Policy, weight: float, generator: torch.Generator) -> None:
        super().__init__()
        sizes = policy.environment.observation_dim, policy.hidden_sizes, FEATURES
        self.normalizer = Normalizer(policy.environment.observation_dim)
        self._weight, self._generator = weight, generator
        self.random, self.learned = mlp(*sizes, generator), mlp(*sizes, generator)
        self.register_buffer("unit", torch.tensor(torch.nan))
        self._optimizer = torch.optim.Adam(self.learned.parameters(), LEARNING_RATE, fused=True)

    def fit(self, transitions: Transitions) -> Metrics:
        """Learn to predict where the policy has been, and return how novel it was on average."""
        reached = transitions.next_observations
        self.normalizer.update(reached)
        reached = self.normalizer(reached)
        with torch.no_grad():
            targets = self.random(reached)
            novelty = mse_loss(self.learned(reached), targets)
            if self.unit.isnan():
                self.unit.copy_(novelty.clamp_min(LEAST_UNIT))
        for batch in torch.randperm(len(reached), generator=self._generator).split(BATCH_SIZE):
            loss = mse_loss(self.learned(reached[batch]), targets[batch])
            self._optimizer.zero_grad()
            loss.backward()
            self._optimizer.step()
        return {"novelty": float(novelty / self.unit)}

    def forward(self, transitions: Transitions) -> Tensor:
        """Return the reward of each transition, (...)."""
        reached = self.normalizer(transitions.next_observations)
        novelty = (self.learned(reached) - self.random(reached)).square().mean(-1) / self.unit
        return transitions.rewards + self._weight * novelty

    def parts(self) -> dict[str, Part]:
        return {"rnd": self, "rnd_optimizer": self._optimizer}
