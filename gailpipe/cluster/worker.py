"""What a Dask worker does: one stage at a time, in a clone of its own."""

import os
import subprocess
import sys
import threading
from hashlib import sha256
from pathlib import Path

from distributed import get_worker

from gailpipe.cluster.plan import Job, Source

LINES_OF_A_LOG = 20


class StageFailedError(Exception):
    """A stage's command failed.

    Args:
        stage: Which.
        log: Its last lines.
    """

    def __init__(self, stage: str, log: str) -> None:
        super().__init__(stage, log)
        self.stage, self.log = stage, log


def run_stage(source: Source, job: Job, on_a_core: bool, *_upstream: object) -> None:
    """Run `job` after `_upstream`, futures of the stages that it depends on, and push what it made.

    The stages that it depends on were run by others: here they come out of the run-cache of the DVC remote. With
    `on_a_core` all of it keeps to the core of this machine that has the worker's number, and unfinished work is kept
    in the head's folder, from which the next run goes on.

    Raises:
        StageFailedError: One of the commands failed.
    """
    worker = get_worker()
    if on_a_core and hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(os.getpid()))
        os.sched_setaffinity(threading.get_native_id(), {cores[int(worker.name) % len(cores)]})
    worker.log_event(source.topic, {"stage": job.stage, "name": str(worker.name)})
    repository = sha256(source.repository.encode()).hexdigest()[:8]
    place = Path(worker.local_directory) / f"thread-{threading.get_ident()}-{repository}"
    place.mkdir(exist_ok=True)
    clone, log = place / "clone", place / "log"
    try:
        if not clone.exists():
            _run(place, log, "git", "clone", "--quiet", "--no-checkout", "--", source.repository, "clone")
        _run(clone, log, "git", "fetch", "--quiet", "origin", source.commit)
        _run(clone, log, "git", "checkout", "--quiet", "--force", "--detach", source.commit)
        folder = clone / source.folder
        if source.remote_path is not None:
            _run(folder, log, "dvc", "remote", "modify", "--local", source.remote, "url", source.remote_path)
        unfinished_work = {"DVC_ROOT": source.head} if on_a_core else {}
        _run(folder, log, "dvc", "repro", "--single-item", "--pull", *job.upstream, job.stage, **unfinished_work)
        _run(folder, log, "dvc", "push", "--run-cache", job.stage)
    except subprocess.CalledProcessError as error:
        lines = error.output.splitlines()[-LINES_OF_A_LOG:]
        failed = f"`{' '.join(error.cmd)}` ended with status {error.returncode}:"
        raise StageFailedError(job.stage, "\n".join([failed, *lines])) from error


def _run(folder: Path, log: Path, *command: str, **environment: str) -> None:
    """Run a command in `folder`, and add what it prints to `log`.

    Raises:
        CalledProcessError: It failed; has what it printed.
    """
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    leashed = [sys.executable, "-m", "gailpipe.cluster.leash", *command]
    with log.open("ab") as output:
        start = output.tell()
        process = subprocess.Popen(
            leashed,
            cwd=folder,
            env={**os.environ, "PATH": path, **environment},
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
        )
        status = process.wait()
    if status != 0:
        raise subprocess.CalledProcessError(status, command, log.read_bytes()[start:].decode(errors="replace"))
