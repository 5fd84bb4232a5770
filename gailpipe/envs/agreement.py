"""Which environments EnvPool simulates as Gymnasium's reference does, and how its observations become vectors."""

from typing import Any

import gymnasium
import numpy as np
from gymnasium.envs.registration import EnvSpec
from gymnasium.spaces import Box, Dict, Discrete
from numpy.typing import NDArray

CLASSIC, MUJOCO = "gymnasium.envs.classic_control", "gymnasium.envs.mujoco"
FETCH = "gymnasium_robotics.envs.fetch"
SPARSE, DENSE = {"reward_type": "sparse"}, {"reward_type": "dense"}
AGREEING: dict[str, tuple[str, dict[str, Any]]] = {
    "CartPole-v1": (f"{CLASSIC}.cartpole:CartPoleEnv", {}),
    "Acrobot-v1": (f"{CLASSIC}.acrobot:AcrobotEnv", {}),
    "MountainCar-v0": (f"{CLASSIC}.mountain_car:MountainCarEnv", {}),
    "MountainCarContinuous-v0": (f"{CLASSIC}.continuous_mountain_car:Continuous_MountainCarEnv", {}),
    "Pendulum-v1": (f"{CLASSIC}.pendulum:PendulumEnv", {}),
    "Reacher-v5": (f"{MUJOCO}.reacher_v5:ReacherEnv", {}),
    "HalfCheetah-v5": (f"{MUJOCO}.half_cheetah_v5:HalfCheetahEnv", {}),
    "Hopper-v5": (f"{MUJOCO}.hopper_v5:HopperEnv", {}),
    "Walker2d-v5": (f"{MUJOCO}.walker2d_v5:Walker2dEnv", {}),
    "Swimmer-v5": (f"{MUJOCO}.swimmer_v5:SwimmerEnv", {}),
    "Ant-v5": (f"{MUJOCO}.ant_v5:AntEnv", {}),
    "Humanoid-v5": (f"{MUJOCO}.humanoid_v5:HumanoidEnv", {}),
    "HumanoidStandup-v5": (f"{MUJOCO}.humanoidstandup_v5:HumanoidStandupEnv", {}),
    "InvertedPendulum-v5": (f"{MUJOCO}.inverted_pendulum_v5:InvertedPendulumEnv", {}),
    "InvertedDoublePendulum-v5": (f"{MUJOCO}.inverted_double_pendulum_v5:InvertedDoublePendulumEnv", {}),
    "LunarLander-v3": ("gymnasium.envs.box2d.lunar_lander:LunarLander", {}),
    "BipedalWalker-v3": ("gymnasium.envs.box2d.bipedal_walker:BipedalWalker", {}),
    "FrozenLake-v1": ("gymnasium.envs.toy_text.frozen_lake:FrozenLakeEnv", {"map_name": "4x4"}),
    "FetchReach-v4": (f"{FETCH}.reach:MujocoFetchReachEnv", SPARSE),
    "FetchReachDense-v4": (f"{FETCH}.reach:MujocoFetchReachEnv", DENSE),
    "FetchPush-v4": (f"{FETCH}.push:MujocoFetchPushEnv", SPARSE),
    "FetchPushDense-v4": (f"{FETCH}.push:MujocoFetchPushEnv", DENSE),
    "FetchPickAndPlace-v4": (f"{FETCH}.pick_and_place:MujocoFetchPickAndPlaceEnv", SPARSE),
    "FetchPickAndPlaceDense-v4": (f"{FETCH}.pick_and_place:MujocoFetchPickAndPlaceEnv", DENSE),
}
"""By id: what Gymnasium registers, where EnvPool moves, pays and ends alike, which tests compare."""


def plain_id(identifier: str) -> str:
    """Return an id without the module that registers it."""
    return identifier.rpartition(":")[-1]


def envpool_has(spec: EnvSpec, kwargs: dict[str, Any]) -> bool:
    """Tell whether EnvPool simulates the environment that is registered as `spec`, with nothing changed."""
    return not kwargs and not spec.additional_wrappers and AGREEING.get(spec.id) == (spec.entry_point, spec.kwargs)


def vectors_of(space: gymnasium.Space, observations: Any) -> NDArray:
    """Return EnvPool's observations, (num_envs, ...) or a dict of such, as Gymnasium flattens those of `space`."""
    match space:
        case Dict():
            return np.concatenate([vectors_of(one, observations[key]) for key, one in space.spaces.items()], axis=1)
        case Discrete():
            return np.eye(int(space.n))[observations - space.start]
        case Box():
            return observations.reshape(len(observations), -1)
    raise TypeError(f"{space} is no space of an environment that EnvPool has")
