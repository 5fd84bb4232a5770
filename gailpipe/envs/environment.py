"""Environments: what they are, and the one door through which all are made."""

import difflib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
from gymnasium.spaces import Box
from gymnasium.wrappers import FlattenObservation, TransformReward

from gailpipe.envs.agreement import envpool_has, plain_id
from gailpipe.envs.code import code_digest
from gailpipe.envs.gymnasium_spaces import actions_of_space, require_flattenable
from gailpipe.envs.settings import EnvSettings
from gailpipe.envs.spaces import Interface
from gailpipe.foundation.errors import UserError
from gailpipe.foundation.params import load_env


@dataclass(frozen=True)
class Environment(Interface):
    """An environment that `make_env` can make."""

    id: str
    kwargs: dict[str, Any]
    max_episode_steps: int
    observation_space: gymnasium.Space
    """Of the environment itself, before its observations are flattened."""
    observation_dtype: np.dtype
    """Of flat observations: double where the environment's are, else single precision."""
    by_envpool: bool
    """Whether policies learn in EnvPool's simulation of it."""
    code: str | None
    """A digest of its own code, where that is in the project."""

    def description(self) -> dict[str, Any]:
        """Return what decides how it behaves, as JSON takes it."""
        making = {"id": self.id, "kwargs": self.kwargs, "max_episode_steps": self.max_episode_steps}
        making |= {"simulator": "EnvPool" if self.by_envpool else "Gymnasium"}
        return making | ({"code": self.code} if self.code else {})


def make_env(environment: Environment, **options: Any) -> gymnasium.Env:
    """Make an environment with flat observations: for training, sampling, judging and filming alike.

    Args:
        environment: What to make.
        options: Of Gymnasium's `make`, such as `render_mode`.
    """
    return _flat(_make(environment.id, environment.kwargs, environment.max_episode_steps, **options))


def load_environment(params: Path, env: str) -> Environment:
    """Look up the environment that `envs.ENV` of params.yaml describes; where it says nothing, Gymnasium's ENV.

    Raises:
        UserError: There is no such environment, or it is not of a supported kind.
    """
    return find_environment(env, load_env(params, EnvSettings, env))


def find_environment(name: str, settings: EnvSettings | None = None) -> Environment:
    """Look an environment up in Gymnasium, and make it once.

    Args:
        name: By which this project knows it.
        settings: What it is; by default what Gymnasium has under its name.

    Raises:
        UserError: There is no such environment, or it is not of a supported kind.
    """
    settings = settings or EnvSettings()
    identifier = settings.id or name
    _require_registered(name, identifier)
    try:
        env = _make(identifier, settings.kwargs, settings.max_episode_steps)
    except Exception as error:
        raise UserError(f"environment {name}: Gymnasium can't make {identifier}: {error}") from error
    try:
        limit = env.spec.max_episode_steps if env.spec else None
        if limit is None:
            raise UserError(f"environment {name}: has no time limit; set envs.{name}.max_episode_steps")
        require_flattenable(name, env.observation_space)
        actions = actions_of_space(name, env.action_space)
        flat = _flat(env).observation_space
        assert isinstance(flat, Box)
        if not flat.shape[0]:
            raise UserError(f"environment {name}: observations are empty, {env.observation_space}")
        dtype = np.dtype(np.float64 if flat.dtype == np.float64 else np.float32)
        return Environment(
            name,
            flat.shape[0],
            actions,
            identifier,
            settings.kwargs,
            limit,
            env.observation_space,
            dtype,
            envpool_has(gymnasium.registry[plain_id(identifier)], settings.kwargs),
            code_digest(name, identifier, settings.code, env),
        )
    finally:
        env.close()


def _make(identifier: str, kwargs: dict[str, Any], max_episode_steps: int | None, **options: Any) -> gymnasium.Env:
    return gymnasium.make(identifier, max_episode_steps=max_episode_steps, **{**kwargs, **options})


def _flat(env: gymnasium.Env) -> gymnasium.Env:
    space = env.observation_space
    flat = env if isinstance(space, Box) and len(space.shape) == 1 else FlattenObservation(env)
    return TransformReward(flat, scalar)


def scalar(reward: Any) -> float:
    """Return a reward as a number, which some environments give as an array of one."""
    return np.asarray(reward, float).item()


def _require_registered(name: str, identifier: str) -> None:
    """Check that Gymnasium knows an id, unless it says itself which module to import first."""
    if ":" in identifier or identifier in gymnasium.registry:
        return
    try:
        gymnasium.spec(identifier)  # a package may register its environments as a plugin, under other spellings
    except gymnasium.error.Error as error:
        near = difflib.get_close_matches(identifier, gymnasium.registry, n=3)
        hint = f"did you mean {' or '.join(near)}?" if near else f"set envs.{name}.id to MODULE:ID for one of your own"
        raise UserError(f"environment {name}: Gymnasium has no {identifier}; {hint}") from error
