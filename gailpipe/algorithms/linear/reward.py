"""The rewards of FEM and GTAL: linear in fixed features, with weights that follow the policy."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from gailpipe.algorithms.linear.features import Features
from gailpipe.demonstrations.demonstrations import Demonstrations
from gailpipe.policies.policy import Policy
from gailpipe.training.checkpoint import Metrics, Part
from gailpipe.training.transitions import Transitions

Weigh = Callable[[Tensor], Tensor]
"""Maps the gap of feature expectations, the expert's less the policy's, to weights; both (num_features,)."""


def fem_weights(gap: Tensor) -> Tensor:
    """Return the gap scaled to unit length; zeros where there is none.

    Of all weights in the unit ℓ2 ball, the class of Abbeel & Ng (2004), these give the expert the largest lead.
    """
    return nn.functional.normalize(gap, dim=0)


def gtal_weights(gap: Tensor) -> Tensor:
    """Return ±1 for the feature with the widest gap, and 0 for all others; zeros where there is no gap.

    Of all weights in the simplex of the features and their negatives, the class of Syed & Schapire (2007), these give
    the expert the largest lead.
    """
    widest = gap.abs().argmax()
    return torch.zeros_like(gap).index_fill(0, widest, 1.0) * gap[widest].sign()


class LinearReward:
    """w · φ(s, a), where w is the best answer to the policy (Ho, Gupta & Ermon 2016), shifted in sign.

    Feature expectations are means over pairs, without discount. The shift is the least value so far, or the greatest
    where episodes end on success, and 0 at first, as in the code of Ho & Ermon (2016).
    """

    def __init__(
        self, policy: Policy, demonstrations: Demonstrations, episodes_end_on_success: bool, weigh: Weigh
    ) -> None:
        self._episodes_end_on_success, self._weigh = episodes_end_on_success, weigh
        self._features = Features(policy, demonstrations)
        self._expert = self._features(demonstrations.observations, demonstrations.actions).mean(0)
        self._weights = torch.zeros_like(self._expert)
        self._bound = torch.zeros(())

    def fit(self, transitions: Transitions) -> Metrics:
        """Choose the weights anew, and return the expert's lead by them: the gap in FEM's or GTAL's norm."""
        features = self._features(transitions.observations, transitions.actions)
        gap = self._expert - features.mean(0)
        self._weights = self._weigh(gap)
        values = features @ self._weights
        if self._episodes_end_on_success:
            self._bound = torch.maximum(self._bound, values.max())
        else:
            self._bound = torch.minimum(self._bound, values.min())
        return {"expert_lead": float(gap @ self._weights)}

    def __call__(self, transitions: Transitions) -> Tensor:
        """Return the reward of each transition, (...)."""
        return self._features(transitions.observations, transitions.actions) @ self._weights - self._bound

    def parts(self) -> dict[str, Part]:
        return {"linear_reward": self}

    def files(self) -> dict[str, bytes]:
        return {}

    def state_dict(self) -> dict[str, Tensor]:
        """Return what outlasts an iteration: the bound, since the weights are chosen anew in each."""
        return {"bound": self._bound}

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        self._bound = state["bound"]
