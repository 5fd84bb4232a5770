"""A Minari dataset of whole trajectories."""

import os
import shutil
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
from gymnasium.spaces import Box, Dict, Tuple
from gymnasium.wrappers import FlattenObservation, TransformReward
from numpy.typing import NDArray

from gailpipe.envs.environment import Environment, make_env
from gailpipe.envs.episodes import Episode
from gailpipe.foundation.errors import UserError
from gailpipe.foundation.files import ASIDE, require_vacant


def export_episodes(
    environment: Environment, episodes: Sequence[Episode], scores: dict[str, float], name: str, out: Path
) -> None:
    """Write `episodes` as the folder of a Minari dataset, whole or not at all.

    Args:
        environment: Whose episodes they are.
        episodes: Whole ones, with flat observations.
        scores: The reference scores that are known, by Minari's keys.
        name: The dataset's, as Minari names it.
        out: Must not exist.

    Raises:
        UserError: There is something at `out`, or it can't be written, or the name is none of Minari's.
    """
    require_vacant(out)
    from minari.dataset.minari_dataset import parse_dataset_id

    try:
        parse_dataset_id(name)
    except (ValueError, TypeError) as error:
        raise UserError(f"--id {name}: must be NAMESPACE/NAME-vVERSION, such as gailpipe/hopper/expert-v0") from error
    try:
        aside = Path(tempfile.mkdtemp(dir=out.parent, prefix=f"{ASIDE}{out.name}-"))
        try:
            with _datasets_in(aside):
                _write(environment, episodes, scores, name)
            (aside / name).replace(out)
        finally:
            shutil.rmtree(aside, ignore_errors=True)
    except OSError as error:
        raise UserError(f"{out}: can't be written: {error.strerror or error}") from error


@contextmanager
def _datasets_in(folder: Path) -> Iterator[None]:
    """Let Minari keep its datasets in another folder."""
    before = os.environ.get("MINARI_DATASETS_PATH")
    os.environ["MINARI_DATASETS_PATH"] = str(folder.absolute())
    try:
        yield
    finally:
        del os.environ["MINARI_DATASETS_PATH"]
        if before is not None:
            os.environ["MINARI_DATASETS_PATH"] = before


def _write(environment: Environment, episodes: Sequence[Episode], scores: dict[str, float], name: str) -> None:
    from minari import create_dataset_from_buffers
    from minari.data_collector import EpisodeBuffer

    env = make_env(environment)
    inner = env
    while isinstance(inner, FlattenObservation | TransformReward):  # the dataset has the environment as it was before
        inner = inner.env
    spec = inner.spec
    buffers = [
        EpisodeBuffer(
            observations=in_parts(environment.observation_space, episode.observations),
            actions=_executed(environment, episode.actions),
            rewards=episode.rewards.tolist(),
            terminations=_at_the_end(episode.length, episode.terminated),
            truncations=_at_the_end(episode.length, episode.truncated),
        )
        for episode in episodes
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what the metadata lack: an author, a link
        dataset = create_dataset_from_buffers(
            name,
            buffers,
            spec,
            action_space=env.action_space,
            observation_space=environment.observation_space,
            description=f"Demonstrations of {environment.name}, exported by gailpipe",
            jpeg_encoding=False,
        )
        dataset.storage.update_metadata({**scores, "dataset_size": dataset.storage.get_size()})
    env.close()


def in_parts(space: gymnasium.Space, flat: NDArray) -> Any:
    """Return flat observations, (batch, observation_dim), as arrays (batch, ...) of a space, or of its parts."""
    if isinstance(space, Box):
        return flat.reshape(-1, *space.shape).astype(space.dtype)
    return _stacked(space, [gymnasium.spaces.unflatten(space, row) for row in flat])


def _stacked(space: gymnasium.Space, values: Sequence[Any]) -> Any:
    match space:
        case Dict():
            return {key: _stacked(one, [value[key] for value in values]) for key, one in space.spaces.items()}
        case Tuple():
            return tuple(_stacked(one, [value[i] for value in values]) for i, one in enumerate(space.spaces))
    return np.stack(values)


def _executed(environment: Environment, actions: NDArray) -> NDArray:
    """Return actions in the environment's own shape and type."""
    return actions.astype(environment.actions.dtype).reshape(len(actions), *environment.actions.shape)


def _at_the_end(length: int, flag: bool) -> list[bool]:
    return [*[False] * (length - 1), flag]
