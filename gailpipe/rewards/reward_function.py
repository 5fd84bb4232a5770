"""What a policy learns from: all that the expert, GAIL, FEM, GTAL and their relatives differ in."""

from typing import Protocol

from torch import Tensor

from gailpipe.training.checkpoint import Metrics, Part
from gailpipe.training.transitions import Transitions


class RewardFunction(Protocol):
    """Where the reward comes from."""

    def fit(self, transitions: Transitions) -> Metrics:
        """Learn from a batch of the policy's transitions, (batch,), and return metrics for the learning curves."""
        ...

    def __call__(self, transitions: Transitions) -> Tensor:
        """Return the reward of each transition, (...)."""
        ...

    def parts(self) -> dict[str, Part]:
        """Return what it has learned and learns with, by name, for checkpoints."""
        ...


class ImitationReward(RewardFunction, Protocol):
    """A reward that is made from demonstrations."""

    def files(self) -> dict[str, bytes]:
        """Return contents of files that are worth keeping beside the policy, by what they hold."""
        ...


class EnvironmentReward:
    """The environment's own reward, which an expert maximises."""

    def fit(self, transitions: Transitions) -> Metrics:
        return {}

    def __call__(self, transitions: Transitions) -> Tensor:
        return transitions.rewards

    def parts(self) -> dict[str, Part]:
        return {}
