"""Commands on the cores of this machine, in the workspace itself."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import quote

from dvc.stage.run import prepare_kwargs

from gailpipe.cluster.leash import run_commands
from gailpipe.cluster.order import Job
from gailpipe.foundation.processes import available_cores

CAN_PIN = hasattr(os, "sched_setaffinity")
OPTIONS = {"zsh": ["--no-rcs"], "bash": ["--noprofile", "--norc"], "fish": ["--no-config"]}


class Cores:
    """All cores of this machine that this process may use. What commands print goes to files in `logs`."""

    def __init__(self, logs: Path) -> None:
        self._logs = logs
        self._leash, self._hold = os.pipe()

    def cores(self) -> Mapping[str, Sequence[int]]:
        return {"this machine": own_cores()}

    def execute(self, job: Job) -> None:
        if CAN_PIN:
            os.sched_setaffinity(0, job.cores + job.shared)  # of this thread, whose processes inherit it
        options = prepare_kwargs(job.planned.stage)
        self._logs.mkdir(exist_ok=True)
        log = self._logs / f"{quote(job.planned.name, safe='@')}.log"
        run_commands(job.commands, self._leash, options["cwd"], options["env"], log, shell())

    def stop(self) -> None:
        os.close(self._hold)


def own_cores() -> list[int]:
    """Return the cores that this process may use."""
    return sorted(os.sched_getaffinity(0)) if CAN_PIN else [*range(available_cores())]


def shell() -> list[str]:
    """Return the user's, called as DVC calls it: without their own files, which could name another Python."""
    found = os.environ.get("SHELL") or "/bin/sh"
    return [found, *OPTIONS.get(Path(found).name, [])]
