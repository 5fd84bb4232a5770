from typing import Any

import envpool
import gymnasium
import numpy as np
import pytest
from gymnasium.spaces import Box, Discrete
from numpy.typing import NDArray

from gailpipe.envs.environment import find_environment
from gailpipe.envs.episodes import play_episodes
from gailpipe.envs.vector_env import VectorEnv
from gailpipe.foundation.params import load_envs
from tests.workspace import ROOT

EPISODE_STEPS = 5


class Counter(gymnasium.Env):
    """Observes the step number; reward 1 a step; action 1 terminates."""

    def __init__(self, observation_space: Any = None, action_space: Any = None) -> None:
        self.observation_space = observation_space or Box(-np.inf, np.inf, (1,))
        self.action_space = action_space or Discrete(2)
        self.count = 0

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed)
        self.count = 0
        return np.zeros(1, np.float32), {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        self.count += 1
        return np.full(1, self.count, np.float32), 1.0, bool(action == 1), False, {}


COUNTER = f"{__name__}:Counter"
gymnasium.register("Counter-v0", COUNTER, max_episode_steps=EPISODE_STEPS)


def test_gymnasium_serves_an_environment_that_envpool_lacks_with_the_same_resets() -> None:
    assert "Counter-v0" not in envpool.list_all_envs()
    vector_env = VectorEnv(find_environment("Counter-v0"), num_envs=2, seed=0, num_threads=1)
    assert vector_env.reset().tolist() == [[0], [0]]
    seen = [vector_env.step(np.array([0, int(step == 1)])) for step in range(EPISODE_STEPS + 1)]
    assert [step.observations[0, 0] for step in seen] == [1, 2, 3, 4, 5, 0]
    assert [step.observations[1, 0] for step in seen] == [1, 2, 0, 1, 2, 3]
    assert [step.truncated.tolist() for step in seen].count([True, False]) == 1
    assert seen[4].truncated.tolist() == [True, False]
    assert seen[1].terminated.tolist() == [False, True]
    assert seen[2].rewards.tolist() == [1, 0]


def test_envpool_resets_a_step_after_the_end_and_shows_the_last_observation() -> None:
    vector_env = VectorEnv(find_environment("CartPole-v1"), num_envs=1, seed=0, num_threads=1)
    vector_env.reset()
    steps = [vector_env.step(np.array([1])) for _ in range(40)]
    end = next(i for i, step in enumerate(steps) if step.terminated[0])
    assert abs(steps[end].observations[0, 2]) > 0.2095  # the pole fell in the last observation
    assert abs(steps[end + 1].observations[0]).max() <= 0.05  # and stands again after the reset
    assert steps[end + 1].rewards[0] == 0
    assert not steps[end + 1].terminated[0]


def state_of(observation: NDArray, model: Any) -> tuple[NDArray, NDArray]:
    """Return the positions and velocities of a body that moves freely: where it is along the ground is not observed."""
    unobserved = 2 if model.nq > model.nv else 1  # in space, and in a plane
    observed = model.nq - unobserved
    return np.concatenate([np.zeros(unobserved), observation[:observed]]), observation[observed : observed + model.nv]


def state_of_reacher(observation: NDArray, _: Any) -> tuple[NDArray, NDArray]:
    angles = np.arctan2(observation[2:4], observation[:2])
    return np.concatenate([angles, observation[4:6]]), np.concatenate([observation[6:8], np.zeros(2)])


def state_of_swimmer(observation: NDArray, _: Any) -> tuple[NDArray, NDArray]:
    return np.concatenate([np.zeros(2), observation[:3]]), observation[3:]


def state_of_pole(observation: NDArray, _: Any) -> tuple[NDArray, NDArray]:
    return observation[:2], observation[2:]


def state_of_two_poles(observation: NDArray, _: Any) -> tuple[NDArray, NDArray]:
    angles = np.arctan2(observation[1:3], observation[3:5])
    return np.concatenate([observation[:1], angles]), observation[5:8]


BODIES = {
    "Reacher-v5": (state_of_reacher, False),
    "HalfCheetah-v5": (state_of, False),
    "Hopper-v5": (state_of, True),
    "Walker2d-v5": (state_of, True),
    "Swimmer-v5": (state_of_swimmer, False),
    "Ant-v5": (state_of, True),
    "Humanoid-v5": (state_of, True),
    "HumanoidStandup-v5": (state_of, False),
    "InvertedPendulum-v5": (state_of_pole, True),
    "InvertedDoublePendulum-v5": (state_of_two_poles, True),
}
"""By id: what finds the positions and velocities in an observation, and whether random actions end an episode."""
DRIFTING = {"HalfCheetah-v5": 1e-3, "InvertedDoublePendulum-v5": 1e-4}
"""By how much observations may differ where it is not 1e-9: small differences grow there."""


@pytest.mark.parametrize("name", BODIES)
def test_envpool_moves_pays_and_ends_as_gymnasium_does(name: str) -> None:
    state, ends = BODIES[name]
    assert name in envpool.list_all_envs()
    vector_env = VectorEnv(find_environment(name), num_envs=1, seed=3, num_threads=1)
    reference = gymnasium.make(name)
    reference.reset(seed=0)
    unwrapped: Any = reference.unwrapped
    observation = vector_env._envs.reset()[0][0]  # in double precision
    unwrapped.set_state(*state(observation, unwrapped.model))
    generator = np.random.default_rng(0)
    tolerance = DRIFTING.get(name, 1e-9)
    terminated, steps = False, 0
    while not terminated and steps < (100 if ends else 30):
        action = generator.uniform(-1, 1, reference.action_space.shape)
        got = vector_env._envs.step(action[None])
        expected = reference.step(action)
        np.testing.assert_allclose(got[0][0], expected[0], atol=tolerance)
        assert got[1][0] == pytest.approx(float(expected[1]), abs=max(tolerance, 1e-5))
        assert got[2][0] == expected[2]
        terminated, steps = expected[2], steps + 1
    assert terminated == ends


@pytest.mark.parametrize("name", load_envs(ROOT / "paper" / "params.yaml"))
def test_envpool_has_gymnasiums_observations_and_actions(name: str) -> None:
    assert name in envpool.list_all_envs()
    reference, vector_env = (
        gymnasium.make(name),
        VectorEnv(find_environment(name), num_envs=1, seed=0, num_threads=1)._envs,
    )
    assert vector_env.single_observation_space.shape == reference.observation_space.shape
    expected: Any = reference.action_space
    found = vector_env.single_action_space
    if isinstance(expected, Box):
        assert expected.dtype == np.float32
        np.testing.assert_array_equal(np.asarray([found.low, found.high], np.float32), [expected.low, expected.high])
    else:
        assert found.n == expected.n


@pytest.mark.parametrize("name", ["Hopper-v5", "CartPole-v1"])
def test_the_number_of_threads_changes_nothing(name: str) -> None:
    environment = find_environment(name)
    seen = []
    for num_threads in (1, 2):
        vector_env = VectorEnv(environment, num_envs=8, seed=7, num_threads=num_threads)
        generator = np.random.default_rng(0)
        observations = [vector_env.reset()]
        observations += [vector_env.step(environment.actions.draw(8, generator)).observations for _ in range(50)]
        seen.append(np.stack(observations))
    np.testing.assert_array_equal(seen[0], seen[1])


CLASSIC: dict[str, tuple[Any, Any]] = {
    "CartPole-v1": (lambda seen: seen, lambda state: 1),
    "Acrobot-v1": (
        lambda seen: [np.arctan2(seen[1], seen[0]), np.arctan2(seen[3], seen[2]), *seen[4:]],
        lambda state: 0 if state[2] > 0 else 2,  # swings up in some 80 steps
    ),
    "MountainCar-v0": (lambda seen: seen, lambda state: 2 if state[1] >= 0 else 0),
    "MountainCarContinuous-v0": (lambda seen: seen, lambda state: np.where(state[1:] >= 0, 0.9, -1.0)),
    "Pendulum-v1": (lambda seen: [np.arctan2(seen[1], seen[0]), seen[2]], lambda state: -np.sign(state[1:])),
}
"""By id: the state that is seen, and what to do in it."""


@pytest.mark.parametrize("name", CLASSIC)
def test_envpools_classic_environments_move_pay_and_end_as_gymnasiums_do(name: str) -> None:
    state, action = CLASSIC[name]
    vector_env = VectorEnv(find_environment(name), num_envs=1, seed=1, num_threads=1)
    reference: Any = gymnasium.make(name).unwrapped
    reference.reset(seed=0)
    reference.state = np.array(state(vector_env.reset()[0]), np.float64)
    terminated, steps = False, 0
    while not terminated and steps < (150 if name == "Pendulum-v1" else 500):
        chosen = action(reference.state)
        got = vector_env.step(np.array([chosen]))
        observation, reward, terminated, _, _ = reference.step(chosen)
        assert got.rewards[0] == pytest.approx(reward, abs=1e-4)
        assert (got.terminated[0], got.truncated[0]) == (terminated, False)
        np.testing.assert_allclose(got.observations[0], observation, atol=0.01)
        steps += 1
    assert terminated == (name != "Pendulum-v1")


def test_each_episode_is_played_to_its_own_end_and_repeats() -> None:
    environment = find_environment("CartPole-v1")

    def act(observations: np.ndarray) -> np.ndarray:
        return (observations[:, 2] > 0).astype(np.int64)

    episodes = play_episodes(environment, act, [1, 2, 3])
    alone = play_episodes(environment, act, [2])[0]
    assert len({episode.length for episode in episodes}) > 1
    assert all(episode.terminated != episode.truncated for episode in episodes)
    np.testing.assert_array_equal(alone.observations, episodes[1].observations)
    assert alone.episode_return == alone.length == len(alone.actions)


@pytest.mark.parametrize("environment", ["CartPole-v1", "Hopper-v5", "Counter-v0"])
def test_no_later_step_writes_into_the_arrays_of_an_earlier_one(environment: str) -> None:
    found = find_environment(environment)
    vector_env = VectorEnv(found, num_envs=3, seed=0, num_threads=1)
    vector_env.reset()
    generator = np.random.default_rng(0)
    steps = [vector_env.step(found.actions.draw(3, generator)) for _ in range(30)]
    kept = [[array.copy() for array in step] for step in steps]
    for _ in range(30):
        steps.append(vector_env.step(found.actions.draw(3, generator)))
    for step, arrays in zip(steps, kept, strict=False):
        assert all(map(np.array_equal, step, arrays))
