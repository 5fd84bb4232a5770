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

from gailpipe.envs.tasks import Task
from gailpipe.foundation.errors import UserError

CAMERA = "track"  # follows the body, where MuJoCo's model has it
FLOOR_FACTOR = 5  # enlarges floors, which end in sight of who runs fast
PACKAGES = "libegl1 libegl-mesa0 libgl1-mesa-dri"


class RenderingError(UserError):
    """This machine can't render off-screen; says what to install."""


@dataclass(frozen=True)
class Take:
    """One episode, or its first seconds."""

    frames: list[NDArray[np.uint8]]  # (height, width, 3) each
    returns: list[float]  # up to each frame
    ended: bool  # whether the episode ended before the last second that was asked for


def take(
    task: Task, act: Callable[[NDArray], NDArray], seed: int, seconds: float, fps: int, size: tuple[int, int]
) -> Take:
    """Play an episode, and render its first seconds at the speed at which they happen.

    Args:
        task: The task to play.
        act: Maps observations (1, observation_dim) to actions that the task executes.
        seed: Of the initial state.
        seconds: Of the task's own time, at most.
        fps: Frames in each of them.
        size: Width and height of a frame in pixels.

    Raises:
        RenderingError: This machine can't.
    """
    env = _make(task, size)
    observation, _ = env.reset(seed=seed)
    steps_a_second = env.metadata.get("render_fps", fps)
    frames, returns, total, done, step = [_render(env, task)], [0.0], 0.0, False, 0
    while not done and len(frames) < seconds * fps:
        (action,) = act(np.asarray(observation, np.float32)[np.newaxis])
        observation, reward, terminated, truncated, _ = env.step(action)
        total += float(reward)
        step += 1
        done = bool(terminated or truncated)
        if done or step * fps >= len(frames) * steps_a_second:
            frames.append(_render(env, task))
            returns.append(total)
    env.close()
    return Take(frames, returns, done)


def _make(task: Task, size: tuple[int, int]) -> gymnasium.Env:
    if sys.platform == "linux" and "DISPLAY" not in os.environ:
        os.environ.setdefault("MUJOCO_GL", "egl")
        os.environ.setdefault("SDL_VIDEODRIVER", "dummy")
    env = gymnasium.make(task.name, render_mode="rgb_array")
    if not isinstance(env.unwrapped, MujocoEnv):
        return env
    options: dict[str, Any] = {"width": size[0], "height": size[1]}
    if mujoco.mj_name2id(env.unwrapped.model, mujoco.mjtObj.mjOBJ_CAMERA, CAMERA) != -1:
        options["camera_name"] = CAMERA
    env.close()
    env = gymnasium.make(task.name, render_mode="rgb_array", **options)
    assert isinstance(env.unwrapped, MujocoEnv)
    model = env.unwrapped.model
    floors = model.geom_type == mujoco.mjtGeom.mjGEOM_PLANE
    model.geom_size[floors, :2] *= FLOOR_FACTOR
    model.mat_texrepeat[model.geom_matid[floors]] *= FLOOR_FACTOR
    return env


def _render(env: gymnasium.Env, task: Task) -> NDArray[np.uint8]:
    try:
        frame = env.render()
    except Exception as error:
        raise RenderingError(f"{task.name}: can't be rendered: {error}; on Debian, install {PACKAGES}") from error
    return np.asarray(frame, np.uint8)
