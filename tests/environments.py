"""Environments and rollouts for tests, which step nothing."""

import numpy as np
import torch
from torch import Tensor

from gailpipe.envs.environment import ContinuousActions, DiscreteActions, Environment
from gailpipe.rl.rollout import Rollout


def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def continuous_environment(
    observation_dim: int = 3, low: tuple[float, ...] = (-1.0, -2.0), high: tuple[float, ...] = (1.0, 6.0)
) -> Environment:
    bounds = np.array(low, np.float32), np.array(high, np.float32)
    return Environment("Continuous-v0", observation_dim, ContinuousActions(*bounds, np.dtype(np.float64)), 10)


def discrete_environment(observation_dim: int = 3, count: int = 4) -> Environment:
    return Environment("Discrete-v0", observation_dim, DiscreteActions(count, np.dtype(np.int64)), 10)


def rollout_of(observations: Tensor, actions: Tensor, valid: Tensor | None = None) -> Rollout:
    """One environment's steps: observations (num_steps + 1, observation_dim), actions (num_steps, ...)."""
    no = torch.zeros(len(actions), 1, dtype=torch.bool)
    valid = ~no if valid is None else valid.unsqueeze(1)
    empty = torch.empty(0)
    return Rollout(observations.unsqueeze(1), actions.unsqueeze(1), no.float(), no, no, valid, empty, empty)
