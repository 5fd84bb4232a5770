"""An episode as pictures, rendered off-screen by Gymnasium."""

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import gymnasium
import mujoco
import numpy as np
from gymnasium.envs.mujoco import MujocoEnv
from numpy.typing import NDArray

from gailpipe.envs.environment import Environment, make_env
from gailpipe.foundation.errors import UserError

CAMERA = "track"  # follows the body, where MuJoCo's model has it
FLOOR_FACTOR = 5  # enlarges floors, which end in sight of who runs fast
PACKAGES = "libegl1 libegl-mesa0 libgl1-mesa-dri"


class RenderingError(UserError):
    """This environment or this machine can't be rendered; says why, and what to install."""


@dataclass(frozen=True)
class Take:
    """One episode, or its beginning."""

    frames: list[NDArray[np.uint8]]  # (height, width, 3) each
    returns: list[float]  # up to each frame
    ended: bool  # whether the last frame is the episode's end


def take(
    environment: Environment,
    act: Callable[[NDArray], NDArray],
    seed: int,
    seconds: float,
    fps: int,
    size: tuple[int, int],
) -> Take:
    """Play an episode, and render its first seconds at the speed that the environment's `render_fps` gives it.

    Args:
        environment: The environment to play.
        act: Maps observations (1, observation_dim) to actions that the environment executes.
        seed: Of the initial state.
        seconds: At most.
        fps: Frames in each of them; one shows several steps, or several show one.
        size: Width and height of a frame in pixels, where the environment lets them be chosen.

    Raises:
        RenderingError: It can't be rendered.
    """
    env = _make(environment, size)
    observation, _ = env.reset(seed=seed)
    steps_a_second = env.metadata.get("render_fps", fps)
    frames, returns, total, done, step = [_render(env, environment)], [0.0], 0.0, False, 0
    while not done and len(frames) < seconds * fps:
        (action,) = act(np.asarray(observation, environment.observation_dtype)[np.newaxis])
        observation, reward, terminated, truncated, _ = env.step(action)
        total += float(reward)
        step += 1
        done = bool(terminated or truncated)
        due = max(int(step * fps / steps_a_second) + 1 - len(frames), int(done))
        if due > 0:
            frames += [_render(env, environment)] * due
            returns += [total] * due
    env.close()
    return Take(frames, returns, done)


def _make(environment: Environment, size: tuple[int, int]) -> gymnasium.Env:
    if sys.platform == "linux":
        os.environ.setdefault("MUJOCO_GL", "egl")  # with or without a screen, so that pictures are the same
    os.environ.setdefault("SDL_VIDEODRIVER", "dummy")
    try:
        env = make_env(environment, render_mode="rgb_array")
        if not isinstance(env.unwrapped, MujocoEnv):
            return env
        options: dict[str, Any] = {"width": size[0], "height": size[1]}
        if mujoco.mj_name2id(env.unwrapped.model, mujoco.mjtObj.mjOBJ_CAMERA, CAMERA) != -1:
            options["camera_name"] = CAMERA
        env.close()
        env = make_env(environment, render_mode="rgb_array", **options)
    except Exception as error:
        raise RenderingError(f"{environment.name}: can't be rendered: {error}") from error
    assert isinstance(env.unwrapped, MujocoEnv)
    _enlarge_floors(env.unwrapped.model)
    return env


def _enlarge_floors(model: Any) -> None:
    floors = model.geom_type == mujoco.mjtGeom.mjGEOM_PLANE
    model.geom_size[floors, :2] *= FLOOR_FACTOR
    materials = model.geom_matid[floors]
    model.mat_texrepeat[materials[materials >= 0]] *= FLOOR_FACTOR


def _render(env: gymnasium.Env, environment: Environment) -> NDArray[np.uint8]:
    try:
        picture = np.asarray(env.render(), np.uint8)
        if picture.ndim != 3 or picture.shape[-1] != 3:
            raise ValueError(f"its picture has the shape {picture.shape} instead of (height, width, 3)")
        return picture
    except Exception as error:
        hint = f"; on Debian, install {PACKAGES}" if isinstance(env.unwrapped, MujocoEnv) else ""
        raise RenderingError(f"{environment.name}: can't be rendered: {error}{hint}") from error
