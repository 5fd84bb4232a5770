"""Which policies act, and the files that come of it."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from PIL.Image import Image

from gailpipe.envs.environment import Environment
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
PREVIEW_WIDTH_OF_ONE = 260  # so that three stand beside each other in Markdown


def play(environment: Environment, cast: Cast, seconds: float, seed: int) -> list[Image]:
    """Return pictures, `FPS` a second, in which an environment's policies act side by side.

    Args:
        environment: Where they act.
        cast: Who acts.
        seconds: At most.
        seed: Of the initial state, the same for all.

    Raises:
        UserError: A policy's file is missing, damaged or for another environment, or the environment can't be rendered.
    """
    use_one_thread()
    policies = [(label, load_policy(path, environment.name)) for label, path in cast]
    takes = []
    with Progress(f"film {environment.name}", len(cast), unit="episodes") as progress:
        for label, policy in policies:
            takes.append((label, take(environment, policy, seed, seconds, FPS, SIZE)))
            progress.advance(1, {"return": takes[-1][1].returns[-1]})
    return pictures_of(takes, SIZE)


def film_into(out: Path, environment: Environment, cast: Cast, seconds: float, seed: int) -> None:
    """Make the directory `out` of film.mp4 and preview.webp, its beginning; of missing.txt if it can't be rendered."""
    try:
        pictures = play(environment, cast, seconds, seed)
    except RenderingError as error:
        stage = os.environ.get("DVC_STAGE")  # DVC says for which one it runs
        again = f"run `dvc repro --force --single-item {stage}`" if stage else "film again"
        note = f"no film: {error}; then {again}\n"
        sys.stderr.write(note)
        write_directory(out, {"missing.txt": note.encode()})
        return
    width = min(PREVIEW_WIDTH, PREVIEW_WIDTH_OF_ONE * len(cast))
    preview = webp_bytes(pictures[: round(PREVIEW_SECONDS * FPS)], FPS, width)
    write_directory(out, {"film.mp4": mp4_bytes(pictures, FPS), "preview.webp": preview})
