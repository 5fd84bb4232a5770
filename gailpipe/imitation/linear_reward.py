"""The rewards of FEM and GTAL: linear in fixed features, with weights that follow the policy."""

from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn

from gailpipe.imitation.demonstrations import Demonstrations
from gailpipe.imitation.features import Features
from gailpipe.policies.checkpoint import Figures, Part
from gailpipe.policies.policy import Policy
from gailpipe.rl.rollout import Rollout

Weigh = Callable[[Tensor], Tensor]
"""Maps the gap of feature expectations, the expert's less the policy's, to weights; both (num_features,)."""


def fem_weights(gap: Tensor) -> Tensor:
    """Return the gap scaled to unit length: feature expectation matching (Abbeel & Ng 2004).

    Of all weights in the unit ℓ2 ball these give the expert the largest lead (Ho & Ermon 2016, section 3); none
    where there is no gap.
    """
    return nn.functional.normalize(gap, dim=0)


def gtal_weights(gap: Tensor) -> Tensor:
    """Return ±1 for the feature with the widest gap, 0 for all others (game-theoretic apprenticeship learning).

    Of all weights in the simplex of ± features these give the expert the largest lead (Syed & Schapire 2007; Ho &
    Ermon 2016, section 3); none where there is no gap.
    """
    widest = gap.abs().argmax()
    return torch.zeros_like(gap).index_fill(0, widest, 1.0) * gap[widest].sign()


def prepare_linear_reward(
    weigh: Weigh,
    episodes_end_on_success: bool,
    policy: Policy,
    demonstrations: Demonstrations,
    _generator: torch.Generator,
    _checkpoints: Path,
) -> "LinearReward":
    """Start the policy's normaliser from the demonstrations, and make the reward."""
    policy.normalizer.update(demonstrations.observations)
    return LinearReward(policy, demonstrations, episodes_end_on_success, weigh)


class LinearReward:
    """w · φ(s, a), shifted by the least or greatest value so far so that it has the sign that the task asks for."""

    def __init__(
        self, policy: Policy, demonstrations: Demonstrations, episodes_end_on_success: bool, weigh: Weigh
    ) -> None:
        self._policy, self._weigh = policy, weigh
        self._features = Features(policy, demonstrations)
        self._expert = self._features(demonstrations.observations, demonstrations.actions).mean(0)
        self._weights = torch.zeros_like(self._expert)
        self._bound = _Bound(episodes_end_on_success)

    def fit(self, rollout: Rollout) -> Figures:
        """Choose the weights anew, and return the length of the gap of feature expectations."""
        policy = self._features(rollout.valid_observations, rollout.valid_actions).mean(0)
        gap = self._expert - policy
        self._weights = self._weigh(gap)
        return {"feature_gap": float(gap.norm())}

    def __call__(self, rollout: Rollout) -> Tensor:
        """Return the reward of each step, (num_steps, num_envs)."""
        rewards = self._features(rollout.observations[:-1], rollout.actions) @ self._weights
        return self._bound.shift(rewards)

    def parts(self) -> dict[str, Part]:
        return {"bound": self._bound}


class _Bound(nn.Module):
    """The greatest (`upper`) or least of all values so far, and of 0."""

    value: Tensor  # ()

    def __init__(self, upper: bool) -> None:
        super().__init__()
        self._upper = upper
        self.register_buffer("value", torch.zeros(()))

    def shift(self, values: Tensor) -> Tensor:
        """Return `values`, any shape, less the bound: none is positive if it is the upper one, else none negative."""
        if self._upper:
            self.value = torch.maximum(self.value, values.max())
        else:
            self.value = torch.minimum(self.value, values.min())
        return values - self.value
