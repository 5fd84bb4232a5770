"""Break a tiny pipeline as machines and people do, and hold what it ends with to an undisturbed run, byte for byte.

All of it happens in a temporary folder.
"""

import argparse
import math
import os
import random
import shutil
import signal
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path

import psutil
from ruamel.yaml import YAML

from tests.workspace import TINY_TASKS, Workspace, tiny_params, write_params

RUNNING = "Running stage '"
KILLS = ("power cut", "stage killed", "power cut", "worker killed", "dvc killed")  # all by SIGKILL
SIGNALS = ("SIGINT", "SIGTERM")


@dataclass(frozen=True)
class Fault:
    """One interruption: of which stage, how, after how long, and how much of that was lost."""

    stage: str
    method: str
    seconds: float
    lost_seconds: float


def prepare(root: Path, tasks: tuple[str, ...] = TINY_TASKS) -> Workspace:
    """Return a workspace whose trainings last for seconds, and take checkpoints several times a second."""
    workspace, params = Workspace.create(root), tiny_params()
    params["expert"] |= {"env_steps": 60_000}
    params["bc"] |= {"steps": 1500, "seeds": 2}
    params["gail"] |= {"env_steps": 40_000, "seeds": 2}
    params["gail"]["cloning"] |= {"steps": 300}
    params["envs"] = {task: params["envs"][task] for task in tasks}
    write_params(params, root / "params.yaml")
    workspace.commit("Set the budgets")
    return workspace


class Repro:
    """A `dvc repro` that runs beside us, and can be struck."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._process = workspace.start("dvc", "repro")
        self.output = ""

    def stages(self) -> Iterator[str]:
        """Yield each stage when it starts."""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.output += line
            if line.startswith(RUNNING):
                yield line.split("'")[1]

    def ended_well(self) -> bool:
        return self._process.wait() == 0

    def strike(self, method: str) -> float:
        """Interrupt, and return how old the latest checkpoint is, in seconds; infinity where there is none."""
        dvc = psutil.Process(self._process.pid)
        saved = [path.stat().st_mtime for path in self._workspace.root.glob(".scratch/*/**/*") if path.is_file()]
        age = time.time() - max(saved, default=-math.inf)
        match method:
            case "power cut":
                os.killpg(dvc.pid, signal.SIGKILL)
            case "dvc killed":
                dvc.kill()
            case "SIGINT" | "SIGTERM":
                os.killpg(dvc.pid, signal.Signals[method])
            case _:
                children = {child: " ".join(child.cmdline()) for child in dvc.children(recursive=True)}
                stage = [child for child, command in children.items() if command.startswith("python -m stages.")]
                workers = [child for child, command in children.items() if "spawn_main" in command]
                (workers if method == "worker killed" and workers else stage)[0].kill()
        return age


def time_stages(workspace: Workspace) -> dict[str, float]:
    """Run the pipeline undisturbed, and return how many seconds each stage took."""
    repro, starts = Repro(workspace), {}
    for stage in repro.stages():
        starts[stage] = time.monotonic()
    assert repro.ended_well(), repro.output
    ends = [*list(starts.values())[1:], time.monotonic()]
    return {stage: end - start for (stage, start), end in zip(starts.items(), ends, strict=True)}


def interrupt_all(
    workspace: Workspace, durations: dict[str, float], methods: list[str], deadline: float, generator: random.Random
) -> list[Fault]:
    """Run the pipeline to its end, interrupted by `methods` at random moments, spread over these stages."""
    planned: dict[str, list[str]] = {stage: [] for stage in durations}
    for method, stage in zip(methods, cycle(durations), strict=False):
        planned[stage].append(method)
    faults: list[Fault] = []
    while True:
        repro, timer, before = Repro(workspace), None, len(faults)
        for stage in repro.stages():
            if timer is not None:
                timer.cancel()
            if planned.get(stage) and time.monotonic() < deadline:
                method, seconds = planned[stage].pop(), generator.uniform(0, durations[stage])
                timer = threading.Timer(seconds, strike, (repro, stage, method, seconds, faults))
                timer.start()
        if timer is not None:
            timer.cancel()
            timer.join()
        if repro.ended_well():
            return faults
        assert len(faults) > before, repro.output


def strike(repro: Repro, stage: str, method: str, seconds: float, faults: list[Fault]) -> None:
    with suppress(psutil.NoSuchProcess, IndexError):  # it may have ended just now
        faults.append(Fault(stage, method, seconds, min(seconds, repro.strike(method))))


def results(workspace: Workspace) -> dict[str, bytes]:
    """Return all that the pipeline leaves, by path: the lock and the outputs; and what it should not leave."""
    root = workspace.root
    paths = [root / "dvc.lock", *root.glob("reports/**/*"), *root.glob("data/**/*"), *root.glob(".scratch/*")]
    return {str(path.relative_to(root)): path.read_bytes() for path in paths if path.is_file()}


def hold(found: dict[str, bytes], expected: dict[str, bytes]) -> None:
    """Check that what was found is what was expected, byte for byte."""
    different = sorted(path for path in found | expected if found.get(path) != expected.get(path))
    assert not different, f"these differ: {', '.join(different)}"


def fill_the_disk(workspace: Workspace) -> list[str]:
    """Run every stage where hardly a file can be written, then where all can, and return the stages."""
    before = results(workspace)
    lock = YAML(typ="safe").load(workspace.root / "dvc.lock")
    del lock["stages"]["validate"]  # writes but a word
    for stage, entry in lock["stages"].items():
        outs = [workspace.root / out["path"] for out in entry["outs"]]
        for out in outs:
            shutil.rmtree(out) if out.is_dir() else out.unlink()
        process = workspace.start(*entry["cmd"].split(), max_file_size=300)
        output, _ = process.communicate()
        *_, said = output.splitlines()
        assert process.returncode == 1, output
        assert said.startswith("error: "), output
        assert said.endswith(": can't be written: File too large"), output
        assert not any(path.is_file() for out in outs for path in (out, *out.glob("**/*"))), stage
        workspace.run(*entry["cmd"].split())
        hold(results(workspace), before)
    process = workspace.start("dvc", "repro", "--force", max_file_size=4000)
    output, _ = process.communicate()
    assert process.returncode != 0, output
    workspace.dvc("repro")
    hold(results(workspace), before)
    return list(lock["stages"])


def queue(workspace: Workspace, reference: Workspace, setting: str, values: tuple[int, ...]) -> None:
    """Run experiments with these values at once from the queue, and hold them to those that ran one by one."""
    for place in (workspace, reference):
        place.commit("Run")
    alone = set()
    for value in values:
        reference.experiment(f"{setting}={value}")
        alone.add((reference.root / "dvc.lock").read_text())
    workspace.dvc("exp", "run", "--queue", "-S", f"{setting}={','.join(map(str, values))}")
    workspace.dvc("queue", "start", "--jobs", str(len(values)))
    while "Running" in (status := workspace.dvc("queue", "status")) or "Queued" in status:
        time.sleep(1)
    assert status.count("Success") == len(values), status
    experiments = workspace.dvc("exp", "list", "--name-only").split()
    assert {workspace.run("git", "show", f"{name_ref(workspace, name)}:dvc.lock") for name in experiments} == alone


def name_ref(workspace: Workspace, experiment: str) -> str:
    """Return the Git reference of an experiment."""
    references = workspace.run("git", "for-each-ref", "--format=%(refname)", "refs/exps").split()
    return next(reference for reference in references if reference.endswith(f"/{experiment}"))


def main(kills: int, signals: int, minutes: float, seed: int) -> None:
    """Try everything, print it, and fail where a result differs."""
    generator, deadline = random.Random(seed), time.monotonic() + 60 * minutes
    with tempfile.TemporaryDirectory() as folder:
        reference, workspace = (prepare(Path(folder) / name) for name in ("undisturbed", "disturbed"))
        durations = time_stages(reference)
        print(f"undisturbed: {len(durations)} stages in {sum(durations.values()):.0f} s")
        methods = [*islice(cycle(KILLS), kills), *islice(cycle(SIGNALS), signals)]
        faults = interrupt_all(workspace, durations, methods, deadline, generator)
        for fault in faults:
            print(f"{fault.stage:24} {fault.method:14} after {fault.seconds:4.1f} s, lost {fault.lost_seconds:4.1f} s")
        hold(results(workspace), results(reference))
        for method, count in Counter(fault.method for fault in faults).items():
            print(f"{method}: {count} survived")
        print(f"lost: {max(fault.lost_seconds for fault in faults):.1f} s of work at most, and no result")
        print(f"disk full: {len(fill_the_disk(workspace))} stages said so and went on")
        queue(workspace, reference, "bc.trajs", (1, 3))
        print("queue: two experiments at once gave what they give one by one")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--kills", type=int, default=50, help="by SIGKILL; default: %(default)s")
    parser.add_argument("--signals", type=int, default=10, help="SIGINT and SIGTERM; default: %(default)s")
    parser.add_argument("--minutes", type=float, default=20, help="no interruption after these; default: %(default)s")
    parser.add_argument("--seed", type=int, default=0, help="of the moments; default: %(default)s")
    main(**vars(parser.parse_args()))
