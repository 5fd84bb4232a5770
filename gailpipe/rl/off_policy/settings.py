"""Settings of whatever learns from replayed transitions."""

from typing import Annotated, Self

from pydantic import Field, NonNegativeInt, PositiveInt, model_validator

from gailpipe.foundation.params import PositiveFloat, PositiveFraction, Section


class OffPolicyTraining(Section):
    """One run of soft actor-critic (Haarnoja et al. 2018) that keeps all its transitions."""

    env_steps: PositiveInt
    """Of all copies together, rounded up to steps of each; the steps in which they reset themselves count, too."""
    num_envs: PositiveInt
    first_steps: PositiveInt
    """Before the first update, by the first policy."""
    updates_per_step: PositiveFloat
    """For each step of one copy."""
    batch_size: PositiveInt
    """Transitions in an update, drawn from all so far."""
    hidden_sizes: Annotated[list[PositiveInt], Field(min_length=1)]
    """Of the policy, and of each critic."""
    learning_rate: PositiveFloat
    """Of Adam, for policy, critics and temperature. It falls to 0 in the last quarter of the budget."""
    discount: PositiveFraction
    target_rate: PositiveFraction
    """Share of the critics in their target at each update."""
    policy_every: PositiveInt
    """Updates of the critics for one of the policy."""
    policy_warm_up: NonNegativeInt
    """Updates over which the policy's own loss grows to its full weight beside cloning: critics learn first."""
    average_rate: PositiveFraction
    """Share of the policy in its average, which is what a run ends with, at each of its updates."""

    @property
    def iterations(self) -> int:
        """Return how many steps each copy takes."""
        return -(-self.env_steps // self.num_envs)

    def updates_after(self, step: int) -> range:
        """Return the numbers of the updates that follow a step of all copies, from 0."""
        taken = [max(0, count * self.num_envs - self.first_steps) for count in (step, step + 1)]
        return range(*(int(self.updates_per_step * steps) for steps in taken))

    def policy_weight_at(self, update: int) -> float:
        """Return the weight of the policy's own loss beside cloning."""
        return min(1.0, update / self.policy_warm_up) if self.policy_warm_up else 1.0

    def learning_rate_at(self, step: int) -> float:
        """Return Adam's learning rate after a step of all copies: in the last quarter of the budget it falls to 0."""
        return self.learning_rate * min(1.0, 4 * (1 - step / self.iterations))

    @model_validator(mode="after")
    def _has_room_for_updates(self) -> Self:
        if self.env_steps <= self.first_steps:
            raise ValueError(
                f"env_steps is {self.env_steps}, but first_steps = {self.first_steps} come before any update"
            )
        return self
