"""Transitions: what a reward is a function of, wherever they come from."""

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class Transitions:
    """Steps (s, a, s′) of a policy, in any number of batch dimensions (...); observations are raw."""

    observations: Tensor  # (..., observation_dim): s
    actions: Tensor  # (..., action_dim) float32, or (...) or (..., num_integers) int64, as a policy has them: a
    next_observations: Tensor  # (..., observation_dim): s′, the last one of its episode where that ends
    rewards: Tensor  # (...): the environment's own
    terminated: Tensor  # (...), bool: whether s′ ends its episode, other than by the time limit

    def __getitem__(self, rows: Tensor) -> "Transitions":
        """Return those of `rows`: indices, or a mask of the batch dimensions."""
        return Transitions(
            self.observations[rows],
            self.actions[rows],
            self.next_observations[rows],
            self.rewards[rows],
            self.terminated[rows],
        )

    def __len__(self) -> int:
        return len(self.rewards)
