"""Tasks for tests, which need no simulator."""

import numpy as np

from gailpipe.envs.tasks import ContinuousActions, DiscreteActions, Task


def continuous_task(
    observation_dim: int = 3, low: tuple[float, ...] = (-1.0, -2.0), high: tuple[float, ...] = (1.0, 6.0)
) -> Task:
    bounds = np.array(low, np.float32), np.array(high, np.float32)
    return Task("Continuous-v0", observation_dim, ContinuousActions(*bounds, np.dtype(np.float64)), 10)


def discrete_task(observation_dim: int = 3, count: int = 4) -> Task:
    return Task("Discrete-v0", observation_dim, DiscreteActions(count, np.dtype(np.int64)), 10)
