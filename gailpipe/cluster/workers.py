"""Stages on the workers of a Dask cluster, which share nothing with the head: files come and go with each stage."""

import io
import os
import platform
import re
import sys
import tarfile
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import CancelledError
from contextlib import suppress
from hashlib import sha256
from importlib.metadata import distributions, requires
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread

from distributed import Client, get_worker
from dvc.repo import Repo

from gailpipe.cluster.leash import PlaceLostError, StageFailedError, run_commands
from gailpipe.cluster.workspace import Workspace
from gailpipe.envs.code import FOLDER
from gailpipe.foundation.errors import UserError
from gailpipe.foundation.scratch import remove_done
from gailpipe.foundation.times import record_of
from gailpipe.plan.order import Job

SECONDS_TO_ANSWER, SECONDS_TO_JOIN = 5, 4
TRIES = 3  # of a stage whose workers are lost


class Workers(Workspace):
    """A workspace whose stages run elsewhere: the threads of a worker count as its cores."""

    def __init__(self, repo: Repo, scheduler: str) -> None:
        """Connect to the scheduler at this address.

        Raises:
            UserError: Nobody answers, or there are no workers of this machine's versions.
        """
        super().__init__(repo)
        self._scheduler = f"--scheduler {scheduler}"
        self._usable: dict[str, bool] = {}
        self._losses: Counter[str] = Counter()
        try:
            self._client = Client(scheduler, timeout=SECONDS_TO_ANSWER)
        except (OSError, RuntimeError, TypeError, ValueError) as error:
            raise UserError(f"{self._scheduler}: no Dask scheduler answers there: {error}") from error
        with suppress(TimeoutError):
            self._client.wait_for_workers(1, timeout=SECONDS_TO_JOIN)
        if not self.places():
            raise UserError(f"{self._scheduler}: has no workers that could run stages; start some")

    def places(self) -> Mapping[str, Sequence[int]]:
        try:
            threads = self._client.nthreads()
            new = [worker for worker in threads if worker not in self._usable]
            found = self._client.run(versions, workers=new, on_error="return") if new else {}
        except (OSError, CancelledError) as error:
            raise UserError(f"{self._scheduler}: has gone; what was done is kept, so run this again") from error
        own = versions()
        for worker, theirs in found.items():
            self._usable[worker] = theirs == own
            if theirs != own:
                differ = dict(theirs.items() - own.items()) if isinstance(theirs, dict) else theirs
                print(f"{worker} runs nothing, since its versions are not those here: {differ}", file=sys.stderr)
        return {worker: range(count) for worker, count in threads.items() if self._usable.get(worker)}

    def execute(self, job: Job) -> None:
        stage = job.planned.stage
        deps, outs = ([os.path.relpath(one.fs_path, stage.wdir) for one in of] for of in (stage.deps, stage.outs))
        packages = [str(parent / "__init__.py") for dep in deps for parent in Path(dep).parents]
        try:
            # Only this worker has the files. So if it is lost, Dask cancels the stage, and does not try it elsewhere.
            files = pack(stage.wdir, [*deps, *packages, str(FOLDER)])
            scattered = self._client.scatter([files], workers=[job.place], hash=False)
            task = (run_stage, job.planned.name, job.planned.commands, *scattered, outs)
            made, times = self._client.submit(*task, workers=[job.place], pure=False).result()
        except StageFailedError:
            raise
        except Exception as error:
            if job.place in self.places() and not isinstance(error, CancelledError):
                raise StageFailedError(f"failed: {error}") from error
            self._losses[stage.addressing] += 1
            lost = PlaceLostError if self._losses[stage.addressing] < TRIES else StageFailedError
            raise lost(f"failed: {job.place} was lost, as {TRIES - 1} others before") from error
        unpack(made, stage.wdir)
        unpack(times, self._repo.root_dir)

    def stop(self) -> None:
        with suppress(OSError, CancelledError):
            self._client.close()


def versions() -> dict[str, str]:
    """Return the versions that decide what a stage makes, and how head and worker understand each other."""
    code = b"".join(path.read_bytes() for path in sorted(Path(__file__).parent.glob("*.py")))
    needed = {re.split("[^A-Za-z0-9_.-]", requirement)[0] for requirement in requires("gailpipe") or ()}
    installed = {one.name: one.version for one in distributions() if one.name in needed}
    return {"python": platform.python_version(), **installed, "gailpipe.cluster": sha256(code).hexdigest()[:8]}


def run_stage(stage: str, commands: list[str], files: bytes, outs: list[str]) -> tuple[bytes, bytes]:
    """Run a stage on this worker, in a folder that has `files` and nothing else.

    Return archives of what it made, and of the record of the time that it took.

    What is unfinished stays as long as the worker lives, but for the command: it ends when the head does.

    Raises:
        StageFailedError: One of the commands failed.
    """
    worker, (leash, hold) = get_worker(), os.pipe()
    task = worker.state.tasks[worker.get_current_task()]

    def follow() -> None:
        while task.state == "executing":  # else it is done, or nobody waits for it any more
            time.sleep(1.0)
        os.close(hold)

    Thread(target=follow, daemon=True).start()
    with TemporaryDirectory(dir=worker.local_directory) as place, os.fdopen(leash):
        folder = f"{place}/workspace"
        unpack(files, folder)
        environment = {**os.environ, "DVC_STAGE": stage, "DVC_ROOT": worker.local_directory}
        run_commands(commands, leash, folder, environment, Path(place, "log"))
        made, times = pack(folder, outs), pack(worker.local_directory, [str(record_of(stage))])
    remove_done(Path(worker.local_directory))
    return made, times


def pack(folder: str, paths: Iterable[str]) -> bytes:
    """Return an archive of what is at `paths`, where something is."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w", dereference=True) as tar:
        for path in dict.fromkeys(paths):
            if Path(folder, path).exists():
                tar.add(Path(folder, path), path)
    return archive.getvalue()


def unpack(archive: bytes, folder: str) -> None:
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        tar.extractall(folder, filter="data")
