"""What a policy knows of its environment: what it observes, and which actions can be executed."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

NO_BOUND = 1e30  # from here on a bound stands for none, such as the greatest number of single precision


@dataclass(frozen=True, eq=False)
class ContinuousActions:
    """Real arrays between `low` and `high`, each (action_dim,) and infinite where there is no bound.

    Policies have them as vectors; the environment takes arrays of `shape`, whose size is action_dim.
    """

    low: NDArray[np.float64]
    high: NDArray[np.float64]
    shape: tuple[int, ...]
    dtype: np.dtype

    @property
    def bounded(self) -> NDArray[np.bool_]:
        """Tell of each dimension, (action_dim,), whether it has two bounds, and room between them."""
        return np.isfinite(self.low) & np.isfinite(self.high) & (self.low < self.high)

    @property
    def center(self) -> NDArray[np.float64]:
        """Return where policies start, (action_dim,): between the bounds, a unit from the only one, or at 0."""
        low = np.where(np.isfinite(self.low), self.low, np.where(np.isfinite(self.high), self.high - 2, -1.0))
        high = np.where(np.isfinite(self.high), self.high, low + 2)
        return low / 2 + high / 2

    @property
    def unit(self) -> NDArray[np.float64]:
        """Return in what policies measure actions, (action_dim,): half the range where there is one, else 1."""
        return np.where(self.bounded, self.high / 2, 1.0) - np.where(self.bounded, self.low / 2, 0.0)

    def executable(self, actions: NDArray) -> NDArray:
        """Return what the environment executes of `actions` (..., action_dim): they are clipped to the bounds."""
        clipped = actions.clip(self.low, self.high).astype(self.dtype, copy=False)  # in double precision, as the bounds
        return clipped.reshape(*actions.shape[:-1], *self.shape)

    def from_executed(self, actions: NDArray) -> NDArray[np.float32]:
        """Return executed actions (..., *shape) as policies have them, (..., action_dim)."""
        batch = actions.shape[: actions.ndim - len(self.shape)]
        return actions.reshape(*batch, len(self.low)).astype(np.float32)

    def draw(self, batch: int, generator: np.random.Generator) -> NDArray:
        """Draw `batch` executable actions: uniformly between two bounds, else normally around the centre."""
        shape, bounded = (batch, len(self.low)), self.bounded
        low, high = np.where(bounded, self.low, 0.0), np.where(bounded, self.high, 1.0)
        uniform, normal = generator.uniform(low, high, shape), self.center + generator.normal(size=shape)
        return self.executable(np.where(bounded, uniform, normal))

    def description(self) -> dict[str, Any]:
        """Return all of it as JSON takes it."""
        low, high = ([None if np.isinf(bound) else bound for bound in bounds] for bounds in (self.low, self.high))
        return {"kind": "continuous", "low": low, "high": high, "shape": self.shape, "dtype": self.dtype.name}


@dataclass(frozen=True)
class DiscreteActions:
    """Arrays of `shape`, each of whose integers counts from its `start`; there are `counts` of it.

    Policies count from 0, and have vectors of them, or a single integer where the shape is (): Discrete. MultiDiscrete
    and MultiBinary have several, each of which policies choose independently.
    """

    counts: tuple[int, ...]
    start: tuple[int, ...]
    shape: tuple[int, ...]
    dtype: np.dtype

    def executable(self, actions: NDArray) -> NDArray:
        """Return `actions`, (...) or (..., len(counts)), as the environment's integers."""
        if not self.shape:
            return (actions + self.start[0]).astype(self.dtype)
        return (actions + np.array(self.start)).astype(self.dtype).reshape(*actions.shape[:-1], *self.shape)

    def from_executed(self, actions: NDArray) -> NDArray[np.int64]:
        """Return executed actions (..., *shape) as policies have them, (...) or (..., len(counts)), from 0."""
        if not self.shape:
            return actions.astype(np.int64) - self.start[0]
        batch = actions.shape[: actions.ndim - len(self.shape)]
        return actions.reshape(*batch, len(self.counts)).astype(np.int64) - np.array(self.start)

    def draw(self, batch: int, generator: np.random.Generator) -> NDArray:
        """Draw `batch` executable actions uniformly."""
        if not self.shape:
            return self.executable(generator.integers(self.counts[0], size=batch))
        return self.executable(generator.integers(self.counts, size=(batch, len(self.counts))))

    def description(self) -> dict[str, Any]:
        """Return all of it as JSON takes it."""
        integers = {"counts": self.counts, "start": self.start, "shape": self.shape}
        return {"kind": "discrete", **integers, "dtype": self.dtype.name}


Actions = ContinuousActions | DiscreteActions


def actions_of(description: dict[str, Any]) -> Actions:
    """Return the actions of a `description`.

    Raises:
        ValueError, KeyError or TypeError: It is none.
    """
    shape, dtype = tuple(int(size) for size in description["shape"]), np.dtype(description["dtype"])
    if description["kind"] == "continuous":
        low = [-np.inf if bound is None else float(bound) for bound in description["low"]]
        high = [np.inf if bound is None else float(bound) for bound in description["high"]]
        if len(low) != len(high) or len(low) != np.prod(shape):
            raise ValueError("low, high and shape must have the same size")
        return ContinuousActions(np.array(low), np.array(high), shape, dtype)
    counts, start = (tuple(int(number) for number in description[key]) for key in ("counts", "start"))
    if len(counts) != len(start) or len(counts) != np.prod(shape) or min(counts) < 1:
        raise ValueError("counts, start and shape must have the same size")
    return DiscreteActions(counts, start, shape, dtype)


@dataclass(frozen=True)
class Interface:
    """What a policy knows of its environment. Observations are flat: Dicts and others have become vectors."""

    name: str
    observation_dim: int
    actions: Actions
