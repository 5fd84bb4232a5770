"""Which policies act, and the files that come of it."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from PIL.Image import Image

from gailpipe.envs.environment import find_environment
from gailpipe.films.pictures import mp4_bytes, pictures_of, webp_bytes
from gailpipe.films.record import RenderingError, take
from gailpipe.foundation.files import write_directory
from gailpipe.foundation.progress import Progress
from gailpipe.policies.policy_file import load_policy
from gailpipe.training.compute import use_one_thread

Cast = Sequence[tuple[str, Path]]
"""A label and a policy's file for each who acts."""

FPS, SIZE = 25, (320, 320)
PREVIEW_SECONDS, PREVIEW_WIDTH = 6.0, 600


def play(env: str, cast: Cast, seconds: float, seed: int) -> list[Image]:
    """Return pictures, `FPS` a second, in which an environment's policies act side by side.

    Args:
        env: Of the environment.
        cast: Who acts.
        seconds: At most.
        seed: Of the initial state, the same for all.

    Raises:
        UserError: A policy's file is missing, damaged or for another environment, or the environment can't be rendered.
    """
    use_one_thread()
    environment = find_environment(env)
    policies = [(label, load_policy(path, env)) for label, path in cast]
    takes = []
    with Progress(f"film {env}", len(cast), unit="episodes") as progress:
        for label, policy in policies:
            takes.append((label, take(environment, policy, seed, seconds, FPS, SIZE)))
            progress.advance(1, {"return": takes[-1][1].returns[-1]})
    return pictures_of(takes, SIZE)


def film_into(out: Path, env: str, cast: Cast, seconds: float, seed: int) -> None:
    """Make the directory `out` of film.mp4 and preview.webp, its beginning; of missing.txt if it can't be rendered."""
    try:
        pictures = play(env, cast, seconds, seed)
    except RenderingError as error:
        stage = os.environ.get("DVC_STAGE", f"film@{env}")  # DVC says for which one it runs
        note = f"no film: {error}; then run `dvc repro --force --single-item {stage}`\n"
        sys.stderr.write(note)
        write_directory(out, {"missing.txt": note.encode()})
        return
    preview = webp_bytes(pictures[: round(PREVIEW_SECONDS * FPS)], FPS, PREVIEW_WIDTH)
    write_directory(out, {"film.mp4": mp4_bytes(pictures, FPS), "preview.webp": preview})
