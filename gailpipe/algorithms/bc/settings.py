"""Settings of behavioural cloning, as a learner of its own and as GAIL's initialisation."""

from typing import Annotated

from pydantic import Field, NonNegativeInt, PositiveInt

from gailpipe.foundation.params import NonNegativeFloat, PositiveFloat, Section
from gailpipe.training.settings import Imitator


class Cloning(Section):
    """Maximum likelihood of the demonstrated pairs; the snapshot with the least validation error is kept."""

    steps: NonNegativeInt
    learning_rate: PositiveFloat
    weight_decay: NonNegativeFloat
    """Each step takes this share, times the learning rate, off every weight; biases and σ keep theirs."""
    dropout: Annotated[float, Field(ge=0, lt=1)]
    """Share of the hidden units that a step does without."""
    batch_size: PositiveInt
    validation_fraction: Annotated[float, Field(gt=0, lt=1)]
    validate_every: PositiveInt


class Bc(Cloning, Imitator):
    """Behavioural cloning."""

    steps: PositiveInt
    hidden_sizes: Annotated[list[PositiveInt], Field(min_length=1)]
    initial_log_std: float
