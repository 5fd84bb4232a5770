"""Features φ(s, a) of pairs, in which FEM and GTAL compare the policy with the expert."""

import torch
from torch import Tensor

from gailpipe.demonstrations.demonstrations import Demonstrations
from gailpipe.envs.spaces import DiscreteActions
from gailpipe.policies.normalizer import Normalizer
from gailpipe.policies.policy import Policy

SQUARE_SCALE = 0.01


class Features:
    """x and (0.01 x)², x being standardised by the demonstrations' moments: those of the code of Ho & Ermon (2016).

    For continuous actions x is the observation and the action as executed. For discrete ones x is the observation, and
    its features stand in a block of the action's own, all other blocks being 0. Unlike theirs x is clipped to ±10, and
    there is no constant feature, since it has no gap.
    """

    def __init__(self, policy: Policy, demonstrations: Demonstrations) -> None:
        self._policy = policy
        self._discrete = isinstance(policy.environment.actions, DiscreteActions)
        rows = self._rows(demonstrations.observations, demonstrations.actions)
        self._normalizer = Normalizer(rows.shape[-1])
        self._normalizer.update(rows)

    def __call__(self, observations: Tensor, actions: Tensor) -> Tensor:
        """Return the features, (..., num_features), of raw observations and actions as a policy has them."""
        standardised = self._normalizer(self._rows(observations, actions))
        features = torch.cat([standardised, (SQUARE_SCALE * standardised).square()], -1)
        if not self._discrete:
            return features
        which = self._policy.encode_actions(actions)  # (..., num_actions)
        return (which.unsqueeze(-1) * features.unsqueeze(-2)).flatten(-2)

    def _rows(self, observations: Tensor, actions: Tensor) -> Tensor:
        if self._discrete:
            return observations
        return torch.cat([observations, self._policy.encode_actions(actions)], -1)
