"""Settings of whatever learns from rollouts by TRPO, and of those that do so from demonstrations."""

from typing import Annotated, Self

from pydantic import Field, PositiveInt, model_validator

from gailpipe.foundation.params import NonNegativeFloat, PositiveFloat, PositiveFraction, Section
from gailpipe.rewards.settings import RewardedImitator


class ValueFunctionFit(Section):
    """Regression of the value function on each rollout's returns."""

    learning_rate: PositiveFloat
    epochs: PositiveInt
    batch_size: PositiveInt


class Training(Section):
    """One run of TRPO (Schulman et al. 2015) with generalised advantage estimation (Schulman et al. 2016)."""

    env_steps: PositiveInt
    """Of all copies together, rounded up to whole rollouts; the steps in which they reset themselves count, too."""
    num_envs: PositiveInt
    num_steps: Annotated[int, Field(ge=2)]
    """Of each copy in a rollout: two at least, since one may be a reset."""
    hidden_sizes: Annotated[list[PositiveInt], Field(min_length=1)]
    """Of the policy, and of all networks that train with it."""
    initial_log_std: float
    """Of a continuous policy, in units of demonstrated actions' spread; without demonstrations of half their range."""
    discount: PositiveFraction
    gae_lambda: Annotated[float, Field(ge=0, le=1)]
    """λ of generalised advantage estimation; 0 trusts the value function most."""
    max_kl: PositiveFloat
    """Radius of the first trust region, in nats; from there it shrinks linearly, to nothing at the end of the run."""
    damping: NonNegativeFloat
    """Added to the diagonal of the Fisher matrix."""
    fisher_fraction: PositiveFraction
    """Share of the rollout that the Fisher-vector products are computed on."""
    value_function: ValueFunctionFit

    @property
    def iterations(self) -> int:
        return -(-self.env_steps // (self.num_envs * self.num_steps))

    def max_kl_at(self, iteration: int) -> float:
        """Return the radius of the trust region in an iteration, from 0."""
        return self.max_kl * (1 - iteration / self.iterations)

    @model_validator(mode="after")
    def _has_one_whole_rollout(self) -> Self:
        rollout = self.num_envs * self.num_steps
        if self.env_steps < rollout:
            raise ValueError(
                f"env_steps is {self.env_steps}, but one rollout alone takes num_envs × num_steps = {rollout}"
            )
        return self


class Imitation(Training, RewardedImitator):
    """TRPO on a reward that follows the policy."""

    @property
    def interactions(self) -> int:
        return self.iterations * self.num_steps * self.num_envs
