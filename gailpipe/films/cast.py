"""Which policies act, and the files that come of it."""

import sys
from collections.abc import Sequence
from pathlib import Path

from gailpipe.envs.tasks import find_task
from gailpipe.films.film import mp4_bytes, pictures_of, webp_bytes
from gailpipe.films.record import RenderingError, take
from gailpipe.foundation.files import write_directory
from gailpipe.foundation.progress import Progress
from gailpipe.policies.compute import use_one_thread
from gailpipe.policies.policy_file import load_policy

Cast = Sequence[tuple[str, Path]]
"""A label and a policy's file for each who acts."""

FPS, SIZE = 25, (320, 320)
PREVIEW_SECONDS, PREVIEW_EVERY, PREVIEW_WIDTH = 6.0, 2, 600  # every second frame
FILM, PREVIEW = "film.mp4", "preview.webp"


def film(task_name: str, cast: Cast, seconds: float, seed: int) -> dict[str, bytes]:
    """Return FILM, in which a task's policies act side by side, and PREVIEW, its beginning for Markdown.

    Args:
        task_name: Of the task.
        cast: Who acts.
        seconds: Of the task's own time, at most.
        seed: Of the initial state, the same for all.

    Raises:
        UserError: A policy's file is missing or for another task, or this machine can't render.
    """
    use_one_thread()
    task = find_task(task_name)
    policies = [(label, load_policy(path, task_name)) for label, path in cast]
    takes = []
    with Progress(f"film {task_name}", len(cast), unit="episodes") as progress:
        for label, policy in policies:
            takes.append((label, take(task, policy, seed, seconds, FPS, SIZE)))
            progress.advance(1, {"return": takes[-1][1].returns[-1]})
    pictures = pictures_of(takes, SIZE)
    preview = pictures[: round(PREVIEW_SECONDS * FPS) : PREVIEW_EVERY]
    return {FILM: mp4_bytes(pictures, FPS), PREVIEW: webp_bytes(preview, FPS / PREVIEW_EVERY, PREVIEW_WIDTH)}


def film_into(out: Path, task_name: str, cast: Cast, seconds: float, seed: int) -> None:
    """Make the directory `out` of a film; an empty one, and say why, where this machine can't render."""
    try:
        files = film(task_name, cast, seconds, seed)
    except RenderingError as error:
        files = {}
        print(f"no film: {error}; then `dvc repro --force --single-item film@{task_name}`", file=sys.stderr)
    write_directory(out, files)
