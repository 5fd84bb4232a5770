"""A tiny pipeline, and strikes at it: how `dvc repro` is interrupted at random moments, again and again, to its end."""

import math
import os
import random
import signal
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

import psutil

from gailpipe.review.rwlock import mend
from tests.workspace import TINY_ENVS, Workspace, tiny_params, write_params

RUNNING, RESUMED = "Running stage '", ": resumes after "
KILLS = ("all killed", "stage killed", "all killed", "worker killed", "dvc killed")  # all by SIGKILL
SIGNALS = ("SIGINT", "SIGTERM")
TRAININGS = ("expert", "bc", "gail", "dac")


@dataclass(frozen=True)
class Interruption:
    """Of which stage, how, after how many seconds, and how many of these were lost."""

    stage: str
    method: str
    seconds: float
    lost_seconds: float


def prepare(root: Path, environments: tuple[str, ...] = TINY_ENVS) -> Workspace:
    """Return a workspace whose trainings last for seconds, and take checkpoints several times a second."""
    workspace, params = Workspace.create(root), tiny_params()
    params["expert"] |= {"env_steps": 60_000}
    params["bc"] |= {"steps": 1500}
    params["gail"] |= {"env_steps": 40_000, "seeds": 2}
    params["gail"]["cloning"] |= {"steps": 300}
    params["dac"] |= {"env_steps": 8000, "seeds": 2}
    for key in ("envs", "experts"):
        params[key] = {environment: params[key][environment] for environment in environments}
    write_params(params, root / "params.yaml")
    workspace.commit("Set the budgets")
    return workspace


class Repro:
    """A `dvc repro` of `targets`, by default all, that runs beside us and can be struck."""

    def __init__(self, workspace: Workspace, targets: Sequence[str] = ()) -> None:
        self._scratch = workspace.root / ".scratch"
        mend(workspace.root)
        with tempfile.NamedTemporaryFile("w", dir=workspace.root.parent, suffix=".log", delete=False) as log:
            self._log = Path(log.name)
            self.process = workspace.start("dvc", "repro", *targets, output=log.file)

    @property
    def output(self) -> str:
        return self._log.read_text()

    def stages(self) -> list[str]:
        """Return the stages that have started so far."""
        return [line.split("'")[1] for line in self.output.splitlines() if line.startswith(RUNNING)]

    def strike(self, stage: str, method: str) -> float | None:
        """Interrupt, and return how old the latest checkpoint of the slowest run is, in seconds; None for a miss."""
        try:
            dvc = psutil.Process(self.process.pid)
            age = self._checkpoint_age("cloning" if stage.startswith("bc") else "training")
            match method:
                case "all killed":
                    os.killpg(dvc.pid, signal.SIGKILL)
                case "dvc killed":
                    dvc.kill()
                case "SIGINT" | "SIGTERM":
                    os.killpg(dvc.pid, signal.Signals[method])
                case _:
                    children = {child: " ".join(child.cmdline()) for child in dvc.children(recursive=True)}
                    mains = [child for child, command in children.items() if command.startswith("python -m stages.")]
                    workers = [child for child in children if _is_worker(child, children)]
                    (workers if method == "worker killed" and workers else mains)[0].kill()
        except (psutil.NoSuchProcess, ProcessLookupError, IndexError):
            return None
        return age

    def _checkpoint_age(self, name: str) -> float:
        """Return the age of the oldest checkpoint of this name; infinity where there is none."""
        unfinished = [path for path in self._scratch.glob("*") if not (path / "done").exists()]
        saved = [path.stat().st_mtime for folder in unfinished for path in folder.rglob(name)]
        return time.time() - min(saved, default=-math.inf)


def _is_worker(process: psutil.Process, commands: Mapping[psutil.Process, str]) -> bool:
    parent = process.parent()
    return parent is not None and "forkserver" in commands.get(parent, "")


def time_stages(workspace: Workspace, targets: Sequence[str] = ()) -> dict[str, float]:
    """Run `targets` undisturbed, and return how many seconds each stage took."""
    repro, starts = Repro(workspace, targets), dict[str, float]()
    while repro.process.poll() is None:
        for stage in repro.stages():
            starts.setdefault(stage, time.monotonic())
        time.sleep(0.05)
    assert repro.process.returncode == 0, repro.output
    ends = [*list(starts.values())[1:], time.monotonic()]
    return {stage: end - start for (stage, start), end in zip(starts.items(), ends, strict=True)}


def interrupt(
    workspace: Workspace,
    durations: dict[str, float],
    methods: list[str],
    deadline: float,
    generator: random.Random,
    targets: Sequence[str] = (),
) -> Iterator[Interruption]:
    """Run `targets` to their end, and yield its interruptions: by `methods`, spread over the stages of `durations`.

    A strike that comes too late, because its stage has ended, goes to a later stage; if none is left, all stages run
    once more.
    """
    planned: dict[str, list[str]] = {stage: [] for stage in durations}
    for method, stage in zip(methods, cycle(durations), strict=False):
        planned[stage].append(method)
    late: list[str] = []
    to_resume = ""
    while True:
        repro, struck = Repro(workspace, targets), set[str]()
        while repro.process.poll() is None:
            stage = (repro.stages() or [""])[-1]
            plan = planned.get(stage) or (late if stage in durations else [])
            if stage in struck or not plan or time.monotonic() > deadline:
                time.sleep(0.02)
                continue
            struck.add(stage)
            method, seconds = plan.pop(), generator.uniform(0, durations[stage])
            until = time.monotonic() + seconds
            while time.monotonic() < until and repro.process.poll() is None and repro.stages()[-1] == stage:
                time.sleep(0.01)
            lost = repro.strike(stage, method) if repro.stages()[-1] == stage else None
            if lost is None:
                late.append(method)
            else:
                repro.process.wait()
                yield Interruption(stage, method, seconds, min(seconds, lost))
                if lost < seconds:
                    to_resume = stage
        succeeded = repro.process.returncode == 0
        assert succeeded or struck, repro.output
        if to_resume in repro.stages() and (succeeded or repro.stages()[-1] != to_resume):
            assert RESUMED in repro.output, repro.output
            to_resume = ""
        if succeeded:
            late += [method for plan in planned.values() for method in plan]
            if not late or time.monotonic() > deadline:
                return
            workspace.forget()
            planned = {stage: late[index :: len(durations)] for index, stage in enumerate(durations)}
            late = []
