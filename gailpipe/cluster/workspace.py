"""Stages on the cores of this machine, in the workspace itself, where DVC's own code saves what they make."""

import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from dvc.dvcfile import Lockfile
from dvc.exceptions import DvcException
from dvc.repo import Repo
from dvc.stage import Stage
from dvc.stage.cache import RunCacheNotFoundError
from dvc.stage.run import prepare_kwargs

from gailpipe.cluster.leash import StageFailedError, run_commands
from gailpipe.plan.order import Job

SHARE_OF_RECORDING = 0.02  # of the time, at most: DVC writes dvc.lock whole each time
CAN_PIN = hasattr(os, "sched_setaffinity")


class Workspace:
    """Runs commands side by side, and DVC's own work for one stage at a time.

    What a stage has made is in the run-cache at once, and in dvc.lock soon.
    """

    def __init__(self, repo: Repo) -> None:
        self._repo, self._one_at_a_time = repo, threading.Lock()
        self._leash, self._hold = os.pipe()
        self._unrecorded: list[Stage] = []
        self._record_after = 0.0

    def places(self) -> Mapping[str, Sequence[int]]:
        """Return the cores of each place where stages run."""
        return {"this machine": sorted(os.sched_getaffinity(0)) if CAN_PIN else range(os.cpu_count() or 1)}

    def run(self, job: Job, started: Callable[[str, str], object]) -> None:
        """Do what `dvc repro` does with a stage; tell `started` where its commands run, if they have to.

        Raises:
            StageFailedError: They failed, or something that the stage depends on is missing.
        """
        stage = job.planned.stage
        in_run_cache = all(out.use_cache or out.is_metric or out.is_plot for out in stage.outs)
        with self._dvc():
            if not stage.changed():
                return
            restored = self._restore(stage)
        if not restored:
            started(job.planned.name, f"{job.place}, core {', '.join(map(str, job.cores))}")
            self.execute(job)
        with self._dvc():
            stage.save(run_cache=in_run_cache)
            stage.commit()
            self._unrecorded.append(stage)
        if not in_run_cache or time.monotonic() > self._record_after:
            self.record()

    def execute(self, job: Job) -> None:
        """Run the commands of a stage."""
        if CAN_PIN:
            os.sched_setaffinity(0, job.cores + job.idle)  # of this thread, whose processes inherit it
        options = prepare_kwargs(job.planned.stage)
        log = self._folder / f"{quote(job.planned.name, safe='@')}.log"
        run_commands(job.planned.commands, self._leash, options["cwd"], options["env"], log)

    def stop(self) -> None:
        """End all commands."""
        os.close(self._hold)

    def record(self) -> None:
        """Write dvc.lock, whole or not at all, as DVC does not."""
        with self._dvc():
            started = time.monotonic()
            for file in {stage.dvcfile for stage in self._unrecorded}:
                stages = [stage for stage in self._unrecorded if stage.dvcfile == file]
                lock = Path(file.path).with_suffix(".lock")
                new = self._folder / lock.name
                new.unlink(missing_ok=True)
                if lock.exists():
                    shutil.copyfile(lock, new)
                Lockfile(self._repo, str(new)).dump_stages(stages)
                new.replace(lock)
            self._unrecorded.clear()
            self._record_after = time.monotonic() + (time.monotonic() - started) / SHARE_OF_RECORDING

    def _restore(self, stage: Stage) -> bool:
        """Tell whether a changed stage has its outputs without a run: from the run-cache, or since it runs nothing."""
        if stage.cmd and not stage.frozen:
            stage.remove_outs()
            try:
                self._repo.stage_cache.restore(stage)
            except RunCacheNotFoundError:
                return False
        return True

    @property
    def _folder(self) -> Path:
        folder = Path(self._repo.tmp_dir, "cluster")
        folder.mkdir(exist_ok=True)
        return folder

    @contextmanager
    def _dvc(self) -> Iterator[None]:
        try:
            with self._one_at_a_time, self._repo.lock:
                yield
        except (DvcException, OSError) as error:
            raise StageFailedError(str(error)) from error
