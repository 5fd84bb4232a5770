"""Learners learn from actions and observations of every kind and unit."""

from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import polars as pl
import pytest
import torch
from gymnasium.spaces import Box, Discrete, MultiBinary, MultiDiscrete
from numpy.typing import NDArray

from gailpipe.algorithms.bc.learner import learn_bc
from gailpipe.algorithms.bc.settings import Bc
from gailpipe.algorithms.gail.learner import learn_gail
from gailpipe.algorithms.gail.settings import Gail
from gailpipe.envs.environment import Environment, find_environment
from gailpipe.envs.episodes import play_episodes
from gailpipe.envs.settings import EnvSettings
from gailpipe.foundation.params import load_section
from gailpipe.foundation.tables import write_table
from gailpipe.policies.policy_file import load_policy
from tests.workspace import ROOT

STEPS = 20
BC = ["steps=600", "hidden_sizes=[32]", "seeds=1", "trajs=5", "learning_rate=0.01"]
GAIL = ["env_steps=1024", "num_envs=4", "num_steps=128", "hidden_sizes=[16]", "seeds=1", "trajs=5"]


SPACES: dict[str, Any] = {
    "array": Box(-2.0, 2.0, (2, 2)),
    "half-open": Box(np.array([5], np.float32), np.array([np.inf], np.float32)),
    "open": Box(-np.inf, np.inf, (1,)),
    "fixed": Box(np.array([1, -1], np.float32), np.array([1, 3], np.float32)),
    "double": Box(-0.1, 0.1, (1,), np.float64),
    "from 3": Discrete(4, start=3),
    "switches": MultiBinary((2, 2)),
    "counts": MultiDiscrete([3, 2], start=[1, -2]),
}


class Follow(gymnasium.Env):
    """Observes x in [-1, 1], in some unit, beside a feature that never varies; asks for an action that follows x."""

    def __init__(self, kind: str, offset: float = 0.0, constant: float = 0.0, jitter: float = 0.0) -> None:
        self.action_space, self.offset = SPACES[kind], offset
        self.constant, self.jitter = constant, jitter
        self.observation_space = Box(-np.inf, np.inf, (2,), np.float64)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed)
        return self._observe(), {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        assert self.action_space.contains(action)
        missed = np.abs(np.asarray(action, float).reshape(-1) - wanted(self.x, self.action_space)).mean()
        return self._observe(), -float(missed), False, False, {}

    def _observe(self) -> NDArray:
        self.x = self.np_random.uniform(-1, 1)
        return np.array([self.x + self.offset, self.constant + self.jitter * self.np_random.standard_normal()])


def wanted(x: float, space: Any) -> NDArray:
    """Return what is to be done at x, flat."""
    match space:
        case Discrete():
            return np.array([space.start + (x > 0)], float)
        case MultiDiscrete():
            return space.start + (x > 0) * (space.nvec - 1.0)
        case MultiBinary():
            return np.full(int(np.prod(space.shape)), float(x > 0))
    low, high = space.low.astype(float).reshape(-1), space.high.astype(float).reshape(-1)
    middle = np.where(np.isfinite(low + high), (low + high) / 2, np.where(np.isfinite(low), low + 40, 100.0))
    return np.where(low == high, low, middle + x * np.where(np.isfinite(low + high), (high - low) / 4, 30.0))


gymnasium.register("Follow-v0", f"{__name__}:Follow", max_episode_steps=STEPS)


def follow(kind: str = "open", **kwargs: Any) -> Environment:
    return find_environment("follow", EnvSettings(id=f"{__name__}:Follow-v0", kwargs={"kind": kind, **kwargs}))


def demonstrations(path: Path, environment: Environment, jitter: float = 0.0) -> Path:
    """Write five trajectories of someone who always does what is asked for."""
    rng, space = np.random.default_rng(0), SPACES[environment.kwargs["kind"]]
    offset, constant = (environment.kwargs.get(key, 0.0) for key in ("offset", "constant"))
    rows: list[tuple[Any, ...]] = []
    for trajectory in range(5):
        for x in rng.uniform(-1, 1, STEPS):
            action = wanted(x, space)
            one = int(action[0]) if isinstance(space, Discrete) else action.tolist()
            whole = one if isinstance(space, Box) or isinstance(one, int) else [int(number) for number in one]
            rows.append((trajectory, [x + offset, constant + jitter * rng.standard_normal()], whole, STEPS))
    write_table(pl.DataFrame(rows, ["trajectory", "observation", "action", "trajectory_length"], orient="row"), path)
    return path


def mean_return(environment: Environment, policy: Any) -> float:
    """Return the mean return of a step; 0 is the best."""
    return float(np.mean([one.episode_return for one in play_episodes(environment, policy, range(5))])) / STEPS


def cloned(folder: Path, environment: Environment, jitter: float = 0.0) -> float:
    settings = load_section(ROOT / "params.yaml", Bc, "bc", assignments=BC)
    learn_bc(environment, demonstrations(folder / "d.parquet", environment, jitter), settings, 0, folder / "bc")
    return mean_return(environment, load_policy(folder / "bc" / "seed-0.safetensors"))


@pytest.mark.parametrize("name", SPACES)
def test_bc_clones_actions_of_every_kind(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    environment = follow(name)
    random = mean_return(environment, lambda seen: environment.actions.draw(len(seen), np.random.default_rng(0)))
    assert cloned(tmp_path, environment) > 0.15 * random


@pytest.mark.parametrize(
    ("kwargs", "jitter"),
    [
        ({"offset": 1e9}, 0.0),
        ({"constant": 5.0, "jitter": 0.01}, 0.0),
        ({"constant": 5.0, "jitter": 0.01}, 1e-15),
        ({"constant": 1e9}, 0.0),
    ],
)
def test_bc_clones_whatever_the_unit_of_observations(
    kwargs: dict[str, Any], jitter: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cloned(tmp_path, follow(**kwargs), jitter) > -3.0  # a random policy misses by some 100


@pytest.mark.parametrize("name", SPACES)
def test_gail_learns_from_actions_of_every_kind(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    environment = follow(name)
    settings = load_section(ROOT / "params.yaml", Gail, "gail", assignments=GAIL)
    learn_gail(environment, demonstrations(tmp_path / "d.parquet", environment), settings, 0, tmp_path / "gail")
    curves = pl.read_parquet(tmp_path / "gail" / "learning.parquet")
    assert curves["kl"].to_numpy().max() > 0
    policy: Any = load_policy(tmp_path / "gail" / "seed-0.safetensors")
    logits = torch.cat([parameter.flatten() for parameter in policy.parameters()])
    assert logits.isfinite().all()
    assert np.isfinite(mean_return(environment, policy))
