"""Which environments there are, how they are made, and what policies see of them."""

import copy
import time
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest
import torch
from gymnasium.spaces import Box, Dict, Discrete, Graph, MultiBinary, MultiDiscrete, Text, Tuple
from gymnasium.vector import AsyncVectorEnv, SyncVectorEnv

from gailpipe.envs.environment import Environment, find_environment, load_environment, make_env
from gailpipe.envs.episodes import play_episodes
from gailpipe.envs.settings import EnvSettings
from gailpipe.envs.spaces import ContinuousActions, DiscreteActions, Interface, actions_of
from gailpipe.envs.vector_env import VectorEnv
from gailpipe.foundation.errors import UserError
from gailpipe.foundation.params import load_envs
from gailpipe.policies.policy import make_policy
from gailpipe.policies.policy_file import load_policy, policy_bytes
from tests.environments import generator
from tests.workspace import ROOT

UNIT = Box(-1.0, 1.0, (1,))


class Sampler(gymnasium.Env):
    """Observes what its space samples, and refuses actions that are outside of theirs."""

    def __init__(self, observation_space: Any = UNIT, action_space: Any = UNIT, render_mode: str | None = None) -> None:
        self.observation_space, self.action_space = copy.deepcopy(observation_space), action_space

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed)
        if seed is not None:
            self.observation_space.seed(seed)
        return self.observation_space.sample(), {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        assert self.action_space.contains(action), f"{action!r} is outside of {self.action_space}"
        return self.observation_space.sample(), 1.0, False, False, {}


gymnasium.register("Sampler-v0", f"{__name__}:Sampler")


def sampler(**spaces: Any) -> Environment:
    settings = EnvSettings(id="Sampler-v0", kwargs=spaces, max_episode_steps=3)
    return find_environment("sampler", settings)


OBSERVATIONS = {
    "matrix": (Box(-1.0, 1.0, (5, 2), np.float64), 10),
    "discrete": (Discrete(4, start=7), 4),
    "switches": (MultiBinary((2, 3)), 6),
    "counts": (MultiDiscrete([2, 3]), 5),
    "dict": (Dict({"goal": UNIT, "where": Box(0.0, 1.0, (2, 2)), "which": Discrete(3)}), 8),
    "tuple": (Tuple([UNIT, Dict({"inner": MultiBinary(2)})]), 3),
    "bytes": (Box(0, 255, (6,), np.uint8), 6),
}
ACTIONS = {
    "array": Box(-2.0, 2.0, (2, 3)),
    "double": Box(-0.1, 0.1, (2,), np.float64),
    "half-open": Box(np.array([5], np.float32), np.array([np.inf], np.float32)),
    "open below": Box(np.array([-np.inf], np.float32), np.array([-7], np.float32)),
    "open": Box(-np.inf, np.inf, (2,)),
    "greatest": Box(np.finfo(np.float32).min, np.finfo(np.float32).max, (1,)),
    "fixed": Box(np.array([1, -1], np.float32), np.array([1, 3], np.float32)),
    "from 3": Discrete(4, start=3),
    "switches": MultiBinary((2, 2)),
    "counts": MultiDiscrete([3, 2, 4], start=[1, 0, -2]),
}


@pytest.mark.parametrize("name", OBSERVATIONS)
def test_observations_of_every_kind_become_vectors_everywhere_alike(name: str) -> None:
    space, dim = OBSERVATIONS[name]
    environment = sampler(observation_space=space)
    assert environment.observation_dim == dim
    env = make_env(environment)
    first, _ = env.reset(seed=3)
    vector_env = VectorEnv(environment, num_envs=2, seed=3, num_threads=1)
    np.testing.assert_array_equal(vector_env.reset()[0], np.asarray(first, environment.observation_dtype))
    (episode,) = play_episodes(
        environment, lambda seen: environment.actions.draw(len(seen), np.random.default_rng(0)), [3]
    )
    assert episode.observations.shape == (4, dim)
    assert episode.observations.dtype == environment.observation_dtype
    assert (episode.length, episode.truncated) == (3, True)


@pytest.mark.parametrize("name", ACTIONS)
def test_random_and_learned_actions_of_every_kind_are_executed(name: str) -> None:
    environment = sampler(action_space=ACTIONS[name])
    policy = make_policy(environment, [4], 0.0, generator())
    random = np.random.default_rng(0)
    for act in (
        lambda seen: environment.actions.draw(len(seen), random),
        policy,
        lambda seen: policy(seen, generator()),
    ):
        assert play_episodes(environment, act, [0, 1])[1].length == 3
    vector_env = VectorEnv(environment, num_envs=3, seed=0, num_threads=1)
    observations = torch.from_numpy(vector_env.reset())
    sampled = policy.sample(observations, generator()).detach()
    vector_env.step(sampled.numpy())
    encoded = policy.encode_actions(sampled)
    assert encoded.isfinite().all()
    assert encoded.shape == (3, policy.encoder.encoded_dim)
    drawn = environment.actions.draw(500, random).reshape(500, -1)
    assert all(len(set(column)) > 1 for column in drawn.T) or name == "fixed"
    log_probs = policy.distribution(observations).log_prob(sampled)
    assert log_probs.isfinite().all()


@pytest.mark.parametrize("name", ACTIONS)
def test_a_description_says_all_of_actions(name: str) -> None:
    actions = sampler(action_space=ACTIONS[name]).actions
    again = actions_of(actions.description())
    assert again.description() == actions.description()
    assert type(again) is type(actions)


def test_units_follow_the_bounds_that_there_are() -> None:
    low, high = [-1.0, 5.0, -np.inf, -np.inf, 2.0], [3.0, np.inf, -7.0, np.inf, 2.0]
    actions = ContinuousActions(np.array(low), np.array(high), (5,), np.dtype(np.float64))
    assert actions.center.tolist() == [1, 6, -8, 0, 2]
    assert actions.unit.tolist() == [2, 1, 1, 1, 1]


def test_what_has_no_range_takes_its_units_from_demonstrations() -> None:
    low, high = [-1.0, 5.0, -np.inf, 2.0], [3.0, np.inf, np.inf, 2.0]
    environment = sampler(action_space=Box(np.array(low, np.float32), np.array(high, np.float32)))
    policy: Any = make_policy(environment, [4], 0.0, generator())
    policy.start_from(torch.zeros(2, 1), torch.tensor([[0.0, 10.0, 400.0, 2.0], [0.0, 30.0, 400.0, 2.0]]))
    assert policy.encoder.center.tolist() == [1, 20, 400, 2]
    assert policy.encoder.unit.tolist() == [2, 10, 1, 1]


def test_independent_integers_have_the_product_of_their_probabilities() -> None:
    environment = sampler(action_space=MultiDiscrete([3, 2]))
    policy = make_policy(environment, [4], 0.0, generator())
    observations = torch.zeros(1, 1)
    every = torch.tensor([[[i, j]] for i in range(3) for j in range(2)])  # (6, 1, 2)
    probabilities = policy.distribution(observations).log_prob(every).exp()
    assert float(probabilities.sum()) == pytest.approx(1)
    entropy = -(probabilities * probabilities.log()).sum()
    assert float(policy.distribution(observations).entropy()) == pytest.approx(float(entropy), rel=1e-5)
    samples = policy.sample(observations.expand(50_000, 1), generator())
    found = torch.stack([(samples == actions).all(-1).float().mean() for actions in every])
    torch.testing.assert_close(found, probabilities.squeeze(), atol=0.01, rtol=0)
    assert policy.encode_actions(torch.tensor([[2, 1]])).tolist() == [[0, 0, 1, 0, 1]]


def test_integers_count_from_their_start() -> None:
    actions = sampler(action_space=Discrete(4, start=3)).actions
    assert actions.executable(np.array([0, 3])).tolist() == [3, 6]
    several = DiscreteActions((3, 2), (1, -2), (2,), np.dtype(np.int64))
    assert several.executable(np.array([[0, 1], [2, 0]])).tolist() == [[1, -1], [3, -2]]


@pytest.mark.parametrize(
    ("spaces", "message"),
    [
        (
            {"observation_space": Box(0, 255, (8, 8, 3), np.uint8)},
            "observations are pictures.*with a wrapper",
        ),
        ({"observation_space": Dict({"image": Box(0, 255, (8, 8), np.uint8)})}, "observations are pictures"),
        ({"observation_space": Dict({"mission": Text(5)})}, "observations have a Text space, but only Box"),
        ({"observation_space": Graph(UNIT, None)}, "observations have a Graph space"),
        ({"action_space": Dict({"a": UNIT})}, r"actions are Dict\(.*only a Box of floats"),
        ({"action_space": Box(0, 9, (2,), np.int64)}, "actions are Box.*only a Box of floats"),
    ],
)
def test_spaces_that_will_not_do_are_refused(spaces: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=f"environment sampler: {message}"):
        sampler(**spaces)


@pytest.mark.parametrize(
    ("name", "settings", "message"),
    [
        ("CartPol-v1", {}, "Gymnasium has no CartPol-v1; did you mean CartPole-v1"),
        ("my-reach", {}, "Gymnasium has no my-reach; set envs.my-reach.id to MODULE:ID for one of your own"),
        (
            "my-reach",
            {"id": "no_such_package:Reach-v0"},
            "Gymnasium can't make no_such_package:.*No module",
        ),
        ("pole", {"id": "CartPole-v1", "kwargs": {"gravity": 3}}, "Gymnasium can't make CartPole-v1: .*gravity"),
        ("endless", {"id": "Sampler-v0"}, "has no time limit; set envs.endless.max_episode_steps"),
    ],
)
def test_an_environment_that_can_not_be_made_is_named(name: str, settings: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=f"environment {name}: {message}"):
        find_environment(name, EnvSettings(**settings))


def test_params_may_say_which_environment_a_name_stands_for(tmp_path: Any) -> None:
    params = tmp_path / "params.yaml"
    params.write_text(
        "envs:\n  moon:\n    id: Pendulum-v1\n    kwargs: {g: 1.6}\n    max_episode_steps: 50\n    bc: {}\n"
    )
    moon = load_environment(params, "moon")
    assert (moon.name, moon.id, moon.max_episode_steps) == ("moon", "Pendulum-v1", 50)
    assert not moon.by_envpool
    env: Any = make_env(moon, render_mode="rgb_array")
    assert (env.unwrapped.g, env.render_mode) == (1.6, "rgb_array")
    (episode,) = play_episodes(moon, lambda seen: moon.actions.draw(len(seen), np.random.default_rng(0)), [0])
    assert episode.length == 50
    assert load_environment(params, "CartPole-v1").id == "CartPole-v1"


def test_an_id_that_was_registered_anew_is_what_all_make(monkeypatch: pytest.MonkeyPatch) -> None:
    assert find_environment("Hopper-v5").by_envpool
    own = dict(gymnasium.registry)
    monkeypatch.setattr(gymnasium.envs.registration, "registry", own)
    monkeypatch.setattr(gymnasium, "registry", own)
    kwargs = {"exclude_current_positions_from_observation": False}
    entry = "gymnasium.envs.mujoco.hopper_v5:HopperEnv"
    gymnasium.register("Hopper-v5", entry, max_episode_steps=1000, kwargs=kwargs)
    environment = find_environment("Hopper-v5")
    assert not environment.by_envpool
    vector_env = VectorEnv(environment, num_envs=1, seed=0, num_threads=1)
    assert vector_env.reset().shape == (1, 12)


def test_observations_keep_the_precision_that_an_offset_takes() -> None:
    environment = sampler(observation_space=Box(1e9 - 1, 1e9 + 1, (1,), np.float64))
    policy = make_policy(environment, [4], 0.0, generator())
    (episode,) = play_episodes(environment, policy, [0])
    rows = torch.from_numpy(episode.observations)
    policy.normalizer.update(rows)
    expected = (rows - rows.mean(0)) / rows.std(0, unbiased=False)
    torch.testing.assert_close(policy.normalizer(rows), expected.float(), atol=1e-5, rtol=0)


@pytest.mark.parametrize("path", ["params.yaml", "paper/params.yaml"])
def test_envpool_serves_all_of_ours(path: str) -> None:
    assert all(find_environment(name).by_envpool for name in load_envs(ROOT / path))


OWN = """
import gymnasium
from gymnasium.envs.classic_control import PendulumEnv

gymnasium.register("Own-v0", f"{__name__}:Own", max_episode_steps=7)

class Own(PendulumEnv):
    pass
"""


def test_the_code_of_an_environment_of_ones_own_is_part_of_what_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    code = tmp_path / "environments" / "own_pendulum.py"
    code.parent.mkdir()
    code.write_text(OWN)
    (tmp_path / "elsewhere.py").touch()
    (tmp_path / "environments" / "other.py").touch()
    settings: dict[str, Any] = {"id": "environments.own_pendulum:Own-v0"}

    def described(**more: Any) -> dict[str, Any]:
        return find_environment("own", EnvSettings(**settings, **more)).description()

    named = {"code": "environments/own_pendulum.py"}
    before = described(**named)
    assert before == described(code=str(code.parent / "own_pendulum.py").replace(f"{tmp_path}/", ""))
    code.write_text(OWN + "# changed\n")
    assert described(**named)["code"] != before["code"]
    for more, message in (
        (
            {"code": "environments/other.py"},
            r"envs\.own\.code: environments/other\.py: is not all of it, which uses environments/own_pendulum\.py",
        ),
        ({}, r"its code has to be named; set envs\.own\.code to environments/own_pendulum\.py"),
        ({"code": "elsewhere.py"}, r"envs\.own\.code: elsewhere\.py: must be a file or package in environments/"),
        ({"code": "environments/none.py"}, r"envs\.own\.code: environments/none\.py: there is no such file"),
    ):
        with pytest.raises(UserError, match=f"environment own: {message}"):
            described(**more)


class Slow(Sampler):
    """Takes a millisecond a step, and ends at random."""

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        time.sleep(1e-3)
        observation, reward, _, truncated, info = super().step(action)
        return observation, reward, bool(observation[0] > 0.7), truncated, info


gymnasium.register("Slow-v0", f"{__name__}:Slow", max_episode_steps=8)


def test_slow_environments_step_in_processes_of_their_own_and_do_the_same() -> None:
    environment = find_environment("Slow-v0")
    seen = []
    for num_threads, kind in ((1, SyncVectorEnv), (4, AsyncVectorEnv)):
        vector_env = VectorEnv(environment, num_envs=3, seed=5, num_threads=num_threads)
        assert isinstance(vector_env._envs, kind)
        first, random = vector_env.reset(), np.random.default_rng(0)
        seen.append((first, [vector_env.step(environment.actions.draw(3, random)) for _ in range(20)]))
        vector_env.close()
    (first, together), (again, apart) = seen
    np.testing.assert_array_equal(first, again)
    assert any(step.terminated.any() for step in apart)
    for one, other in zip(apart, together, strict=True):
        assert all(map(np.array_equal, one, other))
    assert isinstance(VectorEnv(sampler(), num_envs=2, seed=0, num_threads=4)._envs, SyncVectorEnv)


def test_loading_a_policy_imports_and_makes_no_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "evil.py").write_text("raise SystemExit('imported')\n")
    interface = Interface("evil:Reach-v0", 2, DiscreteActions((3,), (0,), (), np.dtype(np.int64)))
    policy = make_policy(interface, [4], 0.0, generator())
    path = tmp_path / "policy.safetensors"
    path.write_bytes(policy_bytes(policy))
    np.testing.assert_array_equal(load_policy(path)(np.zeros((5, 2))), policy(np.zeros((5, 2))))
