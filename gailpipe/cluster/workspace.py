"""What DVC does for each stage, in the workspace itself, before and after its commands run somewhere."""

import shutil
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from dvc.dvcfile import Lockfile
from dvc.exceptions import DvcException
from dvc.repo import Repo
from dvc.stage import PipelineStage, Stage
from dvc.stage.cache import RunCacheNotFoundError

from gailpipe.cluster.leash import StageFailedError
from gailpipe.cluster.order import Job
from gailpipe.foundation.errors import UserError
from gailpipe.foundation.files import write_file

SHARE_OF_RECORDING = 0.02  # of the time, at most: DVC writes dvc.lock whole each time


class Places(Protocol):
    """Where the commands of stages run."""

    def cores(self) -> Mapping[str, Sequence[int]]:
        """Return the cores of each place.

        Raises:
            UserError: There will be none any more.
        """

    def execute(self, job: Job) -> None:
        """Run the commands of a stage, and bring what they make into the workspace.

        Raises:
            StageFailedError: They failed.
            PlaceLostError: The place did; another may do.
            OSError: What they make can't be written.
        """

    def stop(self) -> None:
        """End all commands."""


class Workspace:
    """DVC's own work, for one stage at a time, while the commands of others run.

    What a stage has made is in the run-cache at once, and in dvc.lock soon.
    """

    def __init__(self, repo: Repo, places: Places) -> None:
        self.places = places
        self._repo, self._one_at_a_time = repo, threading.Lock()
        self._unrecorded: list[Stage] = []
        self._stopped = False
        self._record_after = 0.0

    def run(self, job: Job, started: Callable[[str, str], object]) -> None:
        """Do what `dvc repro` does with a stage; tell `started` where its commands run, if they have to.

        Raises:
            StageFailedError: They failed, or what the stage depends on is missing, or changed while they ran.
        """
        stage = job.planned.stage
        in_run_cache = all(out.use_cache or out.is_metric or out.is_plot for out in stage.outs)
        with self._dvc():
            if self._stopped:
                raise StageFailedError("did not start any more")
            if not stage.changed():
                return
            runs = not self._restore(stage)
            inputs = [dep.get_hash() for dep in stage.deps] if runs else []
        if runs:
            started(job.planned.name, f"{job.place}, core {', '.join(map(str, job.cores))}")
            try:
                self.places.execute(job)
            except OSError as error:
                raise StageFailedError(str(error)) from error
        with self._dvc():
            stage.save(run_cache=False)
            if runs and [dep.hash_info for dep in stage.deps] != inputs:
                raise StageFailedError("what it depends on has changed since it began; run this again")
            if in_run_cache:
                self._repo.stage_cache.save(stage)
            stage.commit()
            if isinstance(stage, PipelineStage):
                self._unrecorded.append(stage)
            else:  # a file of `dvc add`, with a .dvc of its own
                stage.dump(update_pipeline=False)
        if not in_run_cache or time.monotonic() > self._record_after:
            self.record()

    def record(self) -> None:
        """Write dvc.lock, whole or not at all, as DVC does not."""
        with self._dvc():
            started = time.monotonic()
            for file in {stage.dvcfile for stage in self._unrecorded}:
                stages = [stage for stage in self._unrecorded if stage.dvcfile == file]
                lock = Path(file.path).with_suffix(".lock")
                new = Path(self._repo.tmp_dir, lock.name)
                new.unlink(missing_ok=True)
                if lock.exists():
                    shutil.copyfile(lock, new)
                Lockfile(self._repo, str(new)).dump_stages(stages)
                write_file(lock, new.read_bytes())
                new.unlink()
            self._unrecorded.clear()
            self._record_after = time.monotonic() + (time.monotonic() - started) / SHARE_OF_RECORDING

    def stop(self) -> None:
        """End all commands, and begin no other; what commands have made already is still saved."""
        self._stopped = True
        self.places.stop()

    def _restore(self, stage: Stage) -> bool:
        """Tell whether a changed stage has its outputs without a run: from the run-cache, or since it runs nothing."""
        if stage.is_import and not stage.frozen:
            raise StageFailedError(f"imports data, and is not frozen; `dvc update {stage.addressing}` first")
        if stage.cmd and not stage.frozen:
            stage.remove_outs()
            try:
                self._repo.stage_cache.restore(stage)
            except RunCacheNotFoundError:
                return False
        return True

    @contextmanager
    def _dvc(self) -> Iterator[None]:
        try:
            with self._one_at_a_time, self._repo.lock:
                yield
        except (DvcException, OSError, UserError) as error:
            raise StageFailedError(str(error)) from error
