"""Settings of the theory."""

from typing import Annotated

from pydantic import ConfigDict, Field, PositiveInt

from gailpipe.foundation.params import PositiveFloat, Section


class Theory(Section):
    model_config = ConfigDict(use_attribute_docstrings=True)

    grid: Annotated[int, Field(ge=3, le=10)]
    """Cells of a side of the gridworld."""
    slip: Annotated[float, Field(ge=0, lt=1)]
    """Probability that a step goes in a random direction."""
    discount: Annotated[float, Field(ge=0, lt=1)]
    """γ, which stands for a horizon of 1 / (1 − γ) steps."""
    expert_temperature: PositiveFloat
    """Weight of the causal entropy in what the expert minimises: the higher, the more random the expert."""
    temperature: PositiveFloat
    """λ, the weight of the causal entropy in what learners minimise."""
    pairs: PositiveInt
    """Demonstrated to the learners whose occupancies are drawn."""
    trials: PositiveInt
    """Sets of demonstrations of each size, over which distances are averaged."""
    batch: Annotated[int, Field(ge=100)]
    """Pairs of the greatest batch on which the other rooms' rewards are fitted."""
