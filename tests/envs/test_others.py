"""Environments of other packages, and those of Gymnasium's that neither MuJoCo nor classic control simulates."""

from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.spaces import Dict, unflatten
from minigrid.wrappers import FlatObsWrapper
from numpy.typing import NDArray

from gailpipe.envs.agreement import AGREEING
from gailpipe.envs.environment import Environment, find_environment, make_env
from gailpipe.envs.settings import EnvSettings
from gailpipe.envs.spaces import ContinuousActions, DiscreteActions
from gailpipe.envs.vector_env import VectorEnv
from gailpipe.foundation.errors import UserError
from tests.envs.test_vector_env import BODIES, CLASSIC

LAKE = "FrozenLake-v1"
BOX2D = {"LunarLander-v3": 1000, "BipedalWalker-v3": 120}  # by id: steps of an episode
FETCH = {
    f"Fetch{task}{reward}-v4": (steps, tolerance)
    for task, steps, tolerance in (("Reach", 50, 1e-7), ("Push", 10, 1e-3), ("PickAndPlace", 10, 1e-3))
    for reward in ("", "Dense")
}
"""By id: steps to compare, and by how much observations may differ: how an object lies is not all observed."""
STANDARD_ERRORS, EPISODES = 4, 50


def flat_grid(**options: Any) -> gymnasium.Env:
    return FlatObsWrapper(gymnasium.make("MiniGrid-Empty-5x5-v0", **options))


gymnasium.register("FlatGrid-v0", flat_grid, max_episode_steps=100)

ENVIRONMENTS: dict[str, tuple[EnvSettings, int, Any, bool]] = {
    "lander": (EnvSettings(id="LunarLander-v3"), 8, (4,), True),
    "windy": (EnvSettings(id="LunarLander-v3", kwargs={"enable_wind": True}), 8, (4,), False),
    "walker": (EnvSettings(id="BipedalWalker-v3"), 24, 4, True),
    "lake": (EnvSettings(id=LAKE), 16, (4,), True),
    "ice-free": (EnvSettings(id=LAKE, kwargs={"is_slippery": False}), 16, (4,), False),
    "reach": (EnvSettings(id="gymnasium_robotics:FetchReach-v4"), 16, 4, True),
    "slide": (EnvSettings(id="gymnasium_robotics:FetchSlide-v4"), 31, 4, False),
    "road": (EnvSettings(id="highway_env:highway-fast-v0", max_episode_steps=30), 25, (5,), False),
    "grid": (EnvSettings(id="FlatGrid-v0"), 2835, (7,), False),
}
"""By name: what it is, the size of its observations, its integers or the size of its actions, and whether EnvPool
simulates it."""


def test_every_environment_that_envpool_simulates_is_compared() -> None:
    assert {*BODIES, *CLASSIC, *BOX2D, *FETCH, LAKE} == {*AGREEING}


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_environments_of_other_packages_are_found_and_stepped(name: str) -> None:
    settings, observation_dim, wanted, by_envpool = ENVIRONMENTS[name]
    environment = find_environment(name, settings)
    assert environment.observation_dim == observation_dim
    assert environment.by_envpool == by_envpool
    actions = environment.actions
    assert (actions.counts if isinstance(actions, DiscreteActions) else len(actions.low)) == wanted
    env = make_env(environment)
    observation, _ = env.reset(seed=0)
    assert np.shape(observation) == (observation_dim,)
    vector_env = VectorEnv(environment, num_envs=2, seed=0, num_threads=1)
    seen = [vector_env.reset()]
    for _ in range(3):
        seen.append(vector_env.step(policy_actions(environment)).observations)
    assert {one.shape for one in seen} == {(2, observation_dim)}
    assert {one.dtype for one in seen} == {environment.observation_dtype}
    assert np.isfinite(seen).all()
    vector_env.close()


def policy_actions(environment: Environment) -> NDArray:
    """Return actions of two copies as a policy has them."""
    actions = environment.actions
    drawn = actions.draw(2, np.random.default_rng(0))
    return drawn if isinstance(actions, ContinuousActions) else actions.from_executed(drawn)


def test_a_mission_in_words_needs_a_wrapper() -> None:
    with pytest.raises(UserError, match=r"environment grid: observations .*use a wrapper|register it with a wrapper"):
        find_environment("grid", EnvSettings(id="minigrid:MiniGrid-Empty-5x5-v0", max_episode_steps=100))


@pytest.mark.parametrize("name", FETCH)
def test_envpools_arms_move_and_pay_as_the_reference_does(name: str) -> None:
    steps, tolerance = FETCH[name]
    environment = find_environment(name, EnvSettings(id=f"gymnasium_robotics:{name}"))
    assert environment.by_envpool
    vector_env = VectorEnv(environment, num_envs=1, seed=11, num_threads=1)
    reference = make_env(environment)
    reference.reset(seed=0)
    place(reference, unflatten(environment.observation_space, vector_env.reset()[0]))
    generator = np.random.default_rng(0)
    for step in range(steps):
        action = environment.actions.draw(1, generator)
        got = vector_env.step(action)
        observation, reward, terminated, truncated, _ = reference.step(action[0])
        np.testing.assert_allclose(got.observations[0], observation, atol=tolerance)
        assert got.rewards[0] == pytest.approx(float(reward), abs=1e-5)
        assert (got.terminated[0], got.truncated[0]) == (terminated, truncated) == (False, step == 49)


def place(reference: gymnasium.Env, seen: Any) -> None:
    """Put the object and the goal of a Fetch task where they are `seen`."""
    import mujoco

    task: Any = reference.unwrapped
    if task.has_object:
        position = task._utils.get_joint_qpos(task.model, task.data, "object0:joint")
        position[:2] = seen["achieved_goal"][:2]
        task._utils.set_joint_qpos(task.model, task.data, "object0:joint", position)
    task.goal = np.array(seen["desired_goal"])
    mujoco.mj_forward(task.model, task.data)


@pytest.mark.parametrize("name", BOX2D)
def test_random_episodes_in_box2d_are_alike_in_envpool(name: str) -> None:
    environment = find_environment(name, EnvSettings(id=name, max_episode_steps=BOX2D[name]))
    assert environment.by_envpool
    found, expected = episodes_of_envpool(environment), episodes_of_gymnasium(environment)
    for quantity in range(found.shape[1]):  # the return, the length, whether it terminated, and the first observation
        ours, theirs = found[:, quantity], expected[:, quantity]
        error = np.sqrt((ours.var(ddof=1) + theirs.var(ddof=1)) / EPISODES)
        assert abs(ours.mean() - theirs.mean()) <= STANDARD_ERRORS * error + 1e-6


def episodes_of_envpool(environment: Environment) -> NDArray:
    """Return a row for each copy's first episode: its return, its length, whether it terminated, where it began."""
    vector_env = VectorEnv(environment, num_envs=EPISODES, seed=5, num_threads=1)
    generator = np.random.default_rng(1)
    first = vector_env.reset()
    going_on, rows = np.ones(EPISODES, bool), np.zeros((EPISODES, 3))
    while going_on.any():
        step = vector_env.step(environment.actions.draw(EPISODES, generator))
        rows += np.stack([step.rewards, np.ones(EPISODES), step.terminated], 1) * going_on[:, None]
        going_on &= ~(step.terminated | step.truncated)
    return np.concatenate([rows, first], 1)


def episodes_of_gymnasium(environment: Environment) -> NDArray:
    env, generator, rows = make_env(environment), np.random.default_rng(2), []
    for seed in range(EPISODES):
        first, _ = env.reset(seed=seed)
        total, length, terminated, truncated = 0.0, 0, False, False
        while not (terminated or truncated):
            _, reward, terminated, truncated, _ = env.step(environment.actions.draw(1, generator)[0])
            total, length = total + float(reward), length + 1
        rows.append([total, length, float(terminated), *first])
    return np.array(rows)


def test_envpools_lake_has_gymnasiums_transitions() -> None:
    table: Any = gymnasium.make(LAKE).unwrapped
    possible = {
        (state, action, int(after), float(reward), bool(ends))
        for state, actions in table.P.items()
        for action, outcomes in actions.items()
        for _, after, reward, ends in outcomes
    }
    vector_env = VectorEnv(find_environment(LAKE), num_envs=32, seed=5, num_threads=1)
    generator = np.random.default_rng(0)
    states, ended, seen = vector_env.reset().argmax(1), np.zeros(32, bool), set()
    for _ in range(400):
        actions = generator.integers(4, size=32)
        step = vector_env.step(actions)
        after = step.observations.argmax(1)
        columns = (states, actions, after, step.rewards.astype(float), step.terminated)
        rows = zip(*(column[~ended].tolist() for column in columns), strict=True)
        seen |= set(rows)
        states, ended = after, step.terminated | step.truncated
    assert seen <= possible
    assert len(seen) > 90  # of 132 that don't start at an end
    assert any(reward for *_, reward, _ in seen)


def test_observations_of_a_dict_keep_gymnasiums_order() -> None:
    environment = find_environment("FetchReach-v4", EnvSettings(id="gymnasium_robotics:FetchReach-v4"))
    space = environment.observation_space
    assert isinstance(space, Dict)
    assert [*space.spaces] == ["achieved_goal", "desired_goal", "observation"]
    first = VectorEnv(environment, num_envs=1, seed=0, num_threads=1).reset()[0]
    np.testing.assert_array_equal(first[:3], first[6:9])  # achieved_goal, and the gripper's place in observation
