"""Commands on the workers of a Dask cluster, which share nothing with the head: files come and go with each stage."""

import io
import os
import platform
import sys
import tarfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError
from contextlib import contextmanager, suppress
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, requires, version
from itertools import count, islice
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from typing import Any
from urllib.parse import quote

from distributed import Client, get_worker
from distributed.comm.addressing import get_address_host
from packaging.requirements import Requirement

from gailpipe.cluster.cores import CAN_PIN
from gailpipe.cluster.leash import PlaceLostError, StageFailedError, run_commands
from gailpipe.cluster.order import Job
from gailpipe.envs.code import FOLDER
from gailpipe.foundation.errors import UserError
from gailpipe.foundation.files import write_file
from gailpipe.foundation.scratch import remove_done
from gailpipe.foundation.times import record_of

EXTRAS = ("pipeline", "cluster")  # of gailpipe, that a worker needs
SECONDS_TO_ANSWER, SECONDS_TO_JOIN = 5, 4
SECONDS_TO_ASK_AGAIN = 60.0  # a worker that did not answer, for which all wait
TRIES = 3  # of a stage whose workers are lost
SAFELY: Any = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}  # which Python has from 3.11.4 on


class Workers:
    """All workers of a scheduler that have the versions of this machine. Their threads count as cores."""

    def __init__(self, scheduler: str, root: Path) -> None:
        """Connect to the scheduler at this address, for the DVC repository at `root`.

        Raises:
            UserError: Nobody answers, or there are no workers of this machine's versions.
        """
        self._scheduler, self._root = f"--scheduler {scheduler}", root
        self._cores: dict[str, Sequence[int]] = {}
        self._left_out = set[str]()
        self._asked: dict[str, float] = {}  # when, those that did not answer
        self._losses: Counter[str] = Counter()
        self._made: set[str] = set()
        try:
            self._client = Client(scheduler, timeout=SECONDS_TO_ANSWER)
        except (OSError, RuntimeError, TypeError, ValueError) as error:
            raise UserError(f"{self._scheduler}: no Dask scheduler answers there: {error}") from error
        with suppress(TimeoutError):
            self._client.wait_for_workers(1, timeout=SECONDS_TO_JOIN)
        if not self.cores():
            raise UserError(f"{self._scheduler}: has no workers that could run stages; start some")

    def cores(self) -> Mapping[str, Sequence[int]]:
        with self._asking():
            threads = self._client.nthreads()
            for lost in self._cores.keys() - threads:
                del self._cores[lost]
                self._left_out.discard(lost)
            late = {w for w, asked in self._asked.items() if time.monotonic() - asked < SECONDS_TO_ASK_AGAIN}
            new = [worker for worker in threads if worker not in self._cores and worker not in late]
            found = self._client.run(versions, workers=new, on_error="return") if new else {}
        for worker, theirs in found.items():
            if isinstance(theirs, OSError):
                if worker not in self._asked:
                    print(f"{worker} does not answer, and is asked again: {theirs}", file=sys.stderr)
                self._asked[worker] = time.monotonic()
                continue
            beside = (other for other in threads if get_address_host(other) == get_address_host(worker))
            taken = {core for other in beside for core in self._cores.get(other, ())}
            free = (core for core in count() if core not in taken)
            self._cores[worker] = [*islice(free, threads[worker])]
            differ = difference(theirs, versions()) if isinstance(theirs, dict) else str(theirs)
            if differ:
                self._leave_out(worker, f"its versions are not those here: {differ}")
        return {worker: cores for worker, cores in self._cores.items() if worker not in self._left_out}

    def execute(self, job: Job) -> None:
        stage, name = job.planned.stage, job.planned.name
        deps, outs = ([os.path.relpath(one.fs_path, stage.wdir) for one in of] for of in (stage.deps, stage.outs))
        packages = [str(parent / "__init__.py") for dep in deps for parent in Path(dep).parents]
        files = pack(stage.wdir, [*deps, *packages, str(FOLDER)])
        try:
            # Only this worker has the files. So if it is lost, Dask cancels the stage, and does not try it elsewhere.
            scattered = self._client.scatter([files], workers=[job.place], hash=False)
            task = (run_stage, name, job.commands, job.cores + job.shared, *scattered, outs, sorted(self._made))
            made, times = self._client.submit(*task, workers=[job.place], pure=False).result()
        except PlaceLostError as error:
            self._leave_out(job.place, str(error))
            raise PlaceLostError(f"{job.place} was lost") from error
        except StageFailedError:
            raise
        except Exception as error:
            with self._asking():
                lives = job.place in self._client.nthreads()
            if lives and not isinstance(error, CancelledError):
                raise StageFailedError(f"failed: {error}") from error
            self._losses[name] += 1
            if self._losses[name] == TRIES:
                raise StageFailedError(f"failed: {job.place} was lost, as {TRIES - 1} others before") from error
            raise PlaceLostError(f"{job.place} was lost") from error
        unpack(made, stage.wdir)
        if times is not None:
            with suppress(UserError):
                write_file(self._root / record_of(name), times)
        self._made.add(name)

    def stop(self) -> None:
        with suppress(OSError, CancelledError):
            self._client.close()

    @contextmanager
    def _asking(self) -> Iterator[None]:
        try:
            yield
        except (OSError, CancelledError) as error:
            raise UserError(f"{self._scheduler}: has gone; what was done is kept, so run this again") from error

    def _leave_out(self, worker: str, reason: str) -> None:
        self._left_out.add(worker)
        print(f"{worker} runs nothing, since {reason}", file=sys.stderr)


def versions() -> dict[str, str]:
    """Return the versions that decide what a stage makes, and how head and worker understand each other."""
    code = b"".join(path.read_bytes() for path in sorted(Path(__file__).parent.glob("*.py")))
    found = {"python": platform.python_version(), "gailpipe.cluster": sha256(code).hexdigest()[:8]}
    for needed in map(Requirement, requires("gailpipe") or ()):
        if needed.marker is None or any(needed.marker.evaluate({"extra": extra}) for extra in EXTRAS):
            with suppress(PackageNotFoundError):
                found[needed.name] = version(needed.name)
    return found


def difference(theirs: Mapping[str, Any], own: Mapping[str, Any]) -> str:
    """Return the packages whose versions differ, with both."""
    names = sorted(name for name in {*theirs, *own} if theirs.get(name) != own.get(name))
    return ", ".join(f"{name} {theirs.get(name)}, here {own.get(name)}" for name in names)


def run_stage(
    stage: str, commands: list[str], cores: Sequence[int], files: bytes, outs: list[str], made: Iterable[str]
) -> tuple[bytes, bytes | None]:
    """Run a stage on this worker, in a folder that has `files` and nothing else.

    Return an archive of its outputs, and the record of the time that it took, unless it went on from an earlier one.

    What is unfinished stays as long as the worker lives, but for the command: it ends when the head does. What is
    finished stays until the head has it, and says so in `made`.

    Raises:
        StageFailedError: One of the commands failed.
        PlaceLostError: The files have no room here.
    """
    worker, (leash, hold) = get_worker(), os.pipe()
    task = worker.state.tasks[worker.get_current_task()]

    def follow() -> None:
        while task.state == "executing":  # else it is done, or nobody waits for it any more
            time.sleep(1.0)
        os.close(hold)

    Thread(target=follow, daemon=True).start()
    if CAN_PIN:
        usable = sorted(os.sched_getaffinity(os.getpid()))  # of the worker; a task has a thread of its own
        os.sched_setaffinity(0, {usable[core % len(usable)] for core in cores})
    for name in made:
        remove_done(_root_of(name))
    root = _root_of(stage)
    with os.fdopen(leash):
        try:
            root.mkdir(parents=True, exist_ok=True)
            place = TemporaryDirectory(dir=root)
            unpack(files, f"{place.name}/workspace")
        except OSError as error:
            raise PlaceLostError(f"it can't take the files of a stage: {error}") from error
        with place as folder:
            environment = {**os.environ, "DVC_STAGE": stage, "DVC_ROOT": str(root)}
            record = root / record_of(stage)
            record.unlink(missing_ok=True)
            run_commands(commands, leash, f"{folder}/workspace", environment, Path(folder, "log"))
            return pack(f"{folder}/workspace", outs), record.read_bytes() if record.exists() else None


def _root_of(stage: str) -> Path:
    """Return where a stage's unfinished work, and the time that it took, are on this worker."""
    return Path(get_worker().local_directory, "stages", quote(stage, safe=""))


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
        tar.extractall(folder, **SAFELY)
