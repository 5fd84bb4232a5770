"""One recording in every format: two trajectories of three and two pairs, worked out by hand.

recordings/imitation was written by imitation 1.0.1 itself, with these commands:

    import numpy as np
    from imitation.data import serialize
    from imitation.data.types import TrajectoryWithRew

    def trajectory(length, first, terminal):
        observations = (np.arange((length + 1) * 2, dtype=np.float32).reshape(length + 1, 2) + first) / 8
        rewards = np.arange(length, dtype=float)
        return TrajectoryWithRew(
            obs=observations, acts=np.arange(length) % 3, infos=None, terminal=terminal, rews=rewards
        )

    serialize.save("imitation", [trajectory(3, 0, True), trajectory(2, 100, False)])
"""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import gymnasium
import h5py
import numpy as np
import polars as pl
from gymnasium.spaces import Box, Dict, Discrete
from numpy.typing import NDArray

from gailpipe.envs.environment import Environment
from gailpipe.envs.spaces import Actions, ContinuousActions, DiscreteActions
from gailpipe.foundation.tables import write_table

BOX = Box(-np.inf, np.inf, (2,), np.float32)
TURN = DiscreteActions((3,), (0,), (), np.dtype(np.int64))
PUSH = ContinuousActions(np.array([-1.0, -2.0]), np.array([1.0, 2.0]), (2,), np.dtype(np.float32))


def environment(actions: Actions = TURN, space: gymnasium.Space = BOX, max_episode_steps: int = 10) -> Environment:
    """Return an environment that is never made."""
    size = gymnasium.spaces.flatdim(space)
    interface, single = ("Toy-v0", size, actions), np.dtype(np.float32)
    return Environment(*interface, "Toy-v0", {}, max_episode_steps, space, single, by_envpool=False, code=None)


TERMINATED = np.array([False, False, True, False, False])
TRUNCATED = np.array([False, False, False, False, True])
REWARDS = np.array([0.0, 1.0, 2.0, 0.0, 1.0])
INTEGERS = np.array([0, 1, 2, 0, 1])
VECTORS = np.array([[0.5, 2.0], [-1.0, 0.0], [0.25, -2.0], [1.0, 1.0], [0.0, -0.5]], np.float32)


def observations(first: int, length: int) -> NDArray:
    """Return the observations of a trajectory, (length + 1, 2)."""
    return (np.arange((length + 1) * 2, dtype=np.float32).reshape(length + 1, 2) + first) / 8


BEFORE = np.concatenate([observations(0, 3)[:-1], observations(100, 2)[:-1]])  # (5, 2)
AFTER = np.concatenate([observations(0, 3)[1:], observations(100, 2)[1:]])


def actions_of(env: Environment) -> NDArray:
    return VECTORS if isinstance(env.actions, ContinuousActions) else INTEGERS


def expected(env: Environment) -> pl.DataFrame:
    """Return the demonstrations that each of these recordings becomes."""
    columns = {
        "trajectory": np.array([0, 0, 0, 1, 1], np.int32),
        "step": np.array([0, 1, 2, 0, 1], np.int32),
        "observation": BEFORE,
        "action": actions_of(env),
        "next_observation": AFTER,
        "reward": REWARDS,
        "terminated": TERMINATED,
        "truncated": TRUNCATED,
        "trajectory_return": np.array([3.0, 3.0, 3.0, 1.0, 1.0]),
        "trajectory_length": np.array([3, 3, 3, 2, 2], np.int32),
    }
    return pl.DataFrame(columns | {"trajectory_terminated": [True, True, True, False, False]})


def arrays(env: Environment) -> dict[str, NDArray]:
    """Return the recording in D4RL's layout."""
    return {
        "observations": BEFORE,
        "actions": actions_of(env),
        "rewards": REWARDS,
        "terminals": TERMINATED,
        "timeouts": TRUNCATED,
        "next_observations": AFTER,
    }


def write_minari(folder: Path, env: Environment) -> Path:
    from minari.data_collector import EpisodeBuffer
    from minari.dataset.minari_storage import MinariStorage

    data = folder / "toy-v0" / "data"
    data.parent.mkdir(parents=True)
    space: gymnasium.Space = Discrete(3)
    if isinstance(env.actions, ContinuousActions):
        space = Box(env.actions.low.astype(np.float32), env.actions.high.astype(np.float32))
    storage = MinariStorage.new(data, env.observation_space, space)
    storage.update_metadata({"dataset_id": "toy-v0", "minari_version": "0.5.4"})
    storage.update_episodes(
        [
            EpisodeBuffer(
                observations=_parts(env, observations(first, length)),
                actions=actions_of(env)[at],
                rewards=REWARDS[at],
                terminations=TERMINATED[at],
                truncations=TRUNCATED[at],
            )
            for first, length, at in ((0, 3, slice(0, 3)), (100, 2, slice(3, 5)))
        ]
    )
    return data.parent


def _parts(env: Environment, values: NDArray) -> Any:
    """Return observations as the environment's space has them: in parts where it is a Dict."""
    if isinstance(env.observation_space, Dict):
        return {"place": values[:, :1], "speed": values[:, 1:]}
    return values


def write_imitation(folder: Path, env: Environment) -> Path:
    """Copy what imitation itself wrote, of discrete actions."""
    return shutil.copytree(Path(__file__).parent / "files" / "imitation", folder / "imitation")


def write_npz(folder: Path, env: Environment) -> Path:
    np.savez_compressed(folder / "toy.npz", **arrays(env))  # type: ignore[arg-type]
    return folder / "toy.npz"


def write_hdf5(folder: Path, env: Environment) -> Path:
    with h5py.File(folder / "toy.hdf5", "w") as file:
        for name, values in arrays(env).items():
            file[name] = values
    return folder / "toy.hdf5"


def write_parquet(folder: Path, env: Environment) -> Path:
    write_table(expected(env), folder / "toy.parquet")
    return folder / "toy.parquet"


def write_csv(folder: Path, env: Environment) -> Path:
    table, columns = expected(env).drop("trajectory_terminated"), []
    for name in table.columns:
        values = table[name].to_numpy()
        parts = [values] if values.ndim == 1 else values.T
        names = [name] if values.ndim == 1 else [f"{name}_{place}" for place in range(len(parts))]
        columns += [pl.Series(part_name, part) for part_name, part in zip(names, parts, strict=True)]
    pl.DataFrame(columns).write_csv(folder / "toy.csv")
    return folder / "toy.csv"


def write_lerobot(folder: Path, env: Environment, version: int = 3) -> Path:
    """Write frames as LeRobot's documentation has them: an episode's file each, or a file of several episodes."""
    root = folder / "lerobot"
    features = {
        "observation.images.top": {"dtype": "video", "shape": [480, 640, 3]},
        "observation.state": {"dtype": "float32", "shape": [2]},
        "action": {"dtype": "float32", "shape": [*actions_of(env).shape[1:]] or [1]},
        "next.reward": {"dtype": "float32", "shape": [1]},
        "next.done": {"dtype": "bool", "shape": [1]},
    }
    (root / "meta").mkdir(parents=True)
    (root / "meta" / "info.json").write_text(json.dumps({"codebase_version": f"v{version}.0", "features": features}))
    table = expected(env).select(
        pl.col("observation").arr.to_list().alias("observation.state"),
        pl.col("action").arr.to_list()
        if actions_of(env).ndim > 1
        else pl.concat_list(pl.col("action").cast(pl.Float32)),
        pl.col("step").cast(pl.Int64).alias("frame_index"),
        pl.col("trajectory").cast(pl.Int64).alias("episode_index"),
        pl.col("reward").cast(pl.Float32).alias("next.reward"),
        (pl.col("terminated") | pl.col("truncated")).alias("next.done"),
    )
    chunk = root / "data" / "chunk-000"
    chunk.mkdir(parents=True)
    if version == 3:
        table.write_parquet(chunk / "file-000.parquet")
    else:
        for episode in (0, 1):
            part = table.filter(pl.col("episode_index") == episode)
            part.write_parquet(chunk / f"episode_{episode:06d}.parquet")
    return root


def in_parts(env: Environment) -> Environment:
    """Return the environment with observations in two parts."""
    one = Box(-np.inf, np.inf, (1,), np.float32)
    return replace(env, observation_space=Dict({"place": one, "speed": one}))


WRITERS: dict[str, Callable[[Path, Environment], Path]] = {
    "minari": write_minari,
    "imitation": write_imitation,
    "npz": write_npz,
    "hdf5": write_hdf5,
    "parquet": write_parquet,
    "csv": write_csv,
    "lerobot": write_lerobot,
}
