"""Environments and transitions for tests, which step nothing."""

import numpy as np
import torch
from gymnasium.spaces import Box
from torch import Tensor

from gailpipe.envs.environment import Environment
from gailpipe.envs.spaces import ContinuousActions, DiscreteActions, Interface
from gailpipe.training.transitions import Transitions


def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def continuous_environment(
    observation_dim: int = 3, low: tuple[float, ...] = (-1.0, -2.0), high: tuple[float, ...] = (1.0, 6.0)
) -> Interface:
    actions = ContinuousActions(np.array(low, float), np.array(high, float), (len(low),), np.dtype(np.float64))
    return Interface("Continuous-v0", observation_dim, actions)


def discrete_environment(observation_dim: int = 3, count: int = 4) -> Interface:
    return Interface("Discrete-v0", observation_dim, DiscreteActions((count,), (0,), (), np.dtype(np.int64)))


def in_gymnasium(interface: Interface) -> Environment:
    """Return an environment of ten steps with that interface, which can't be made."""
    space = Box(-np.inf, np.inf, (interface.observation_dim,))
    single = np.dtype(np.float32)
    parts = interface.name, interface.observation_dim, interface.actions
    return Environment(*parts, interface.name, {}, 10, space, single, by_envpool=False, code=None)


def transitions_of(observations: Tensor, actions: Tensor, terminated: Tensor | None = None) -> Transitions:
    """Consecutive steps: observations (num_steps + 1, observation_dim), actions (num_steps, ...); they earn nothing."""
    no = torch.zeros(len(actions), dtype=torch.bool)
    return Transitions(
        observations[:-1], actions, observations[1:], no.float(), no if terminated is None else terminated
    )
