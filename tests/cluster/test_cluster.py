"""Stages side by side on this machine, and on Dask workers, which share nothing with it."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import CancelledError
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from threading import Barrier
from types import SimpleNamespace
from typing import Any, cast

import psutil
import pytest
from distributed import Client
from dvc.dvcfile import Lockfile
from dvc.repo import Repo
from dvc.stage.run import _make_cmd
from ruamel.yaml import YAML

from gailpipe.cluster import leash
from gailpipe.cluster.__main__ import run_stages
from gailpipe.cluster.cores import Cores, shell
from gailpipe.cluster.leash import PlaceLostError, StageFailedError
from gailpipe.cluster.order import Job
from gailpipe.cluster.view import View
from gailpipe.cluster.workers import Workers, unpack, versions
from gailpipe.cluster.workspace import Workspace as WorkOfDvc
from gailpipe.foundation.errors import UserError
from gailpipe.foundation.times import read_times
from gailpipe.plan.stages import Planned, planned_stages
from tests.faults import read_results, require_equal
from tests.workspace import TINY_ENVS, Process, Workspace, tiny_params, write_params

CLUSTER = (sys.executable, "-m", "gailpipe.cluster")
WORKERS = ("one", "two")


@dataclass(frozen=True)
class Cluster:
    address: str
    scheduler: Process
    workers: dict[str, Process]


@pytest.fixture
def small(tmp_path: Path) -> Workspace:
    """A repository in which nothing takes time: `start` is before `end`, which lasts until it is stopped."""
    root = tmp_path / "small"
    root.mkdir()
    workspace = Workspace(root)
    for command in (("git", "init", "--quiet"), ("dvc", "init", "--quiet")):
        workspace.run(*command)
    add_stage(workspace, "start", "cp -r source results", deps=["source"], outs=["results"])
    add_stage(workspace, "end", "ls; sleep 300", deps=["results"], outs=["never"])
    add_stage(
        workspace,
        "beside",
        "cp source/b.txt beside.txt; cat notes.txt >> beside.txt || true",
        deps=["source"],
        metrics=[{"beside.txt": {"cache": False}}],
    )
    (root / "source" / "a").mkdir(parents=True)
    (root / "source" / "b.txt").write_text("content")
    (root / "notes.txt").write_text("that no stage reads")
    return workspace


def add_stage(workspace: Workspace, name: str, cmd: str, **kinds: list[Any]) -> None:
    path = workspace.root / "dvc.yaml"
    stages = json.loads(path.read_text())["stages"] if path.exists() else {}
    path.write_text(json.dumps({"stages": stages | {name: {"cmd": cmd, **kinds}}}))


def recorded(workspace: Workspace) -> dict[str, Any]:
    return YAML(typ="safe").load(workspace.root / "dvc.lock")["stages"]


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    """A scheduler, and two workers in folders of their own."""
    file, start = tmp_path / "scheduler.json", Workspace(tmp_path).start
    options = ("--scheduler-file", str(file), "--no-dashboard")
    scheduler = start(sys.executable, "-m", "dask", "scheduler", "--port", "0", *options)
    workers = {}
    for name in WORKERS:
        folder = tmp_path / name
        folder.mkdir()
        of_one = ("--no-nanny", "--nthreads", "1", "--name", name, "--local-directory", ".")
        workers[name] = start(sys.executable, "-m", "dask", "worker", *options, *of_one, directory=folder)
    wait_until(lambda: file.exists() and bool(file.read_text()))
    yield Cluster(json.loads(file.read_text())["address"], scheduler, workers)
    for process in (scheduler, *workers.values()):
        process.kill()
        process.communicate()


def wait_until(condition: Any) -> None:
    deadline = time.monotonic() + 300
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


def lives(process: psutil.Process) -> bool:
    with suppress(psutil.NoSuchProcess):
        return process.status() != psutil.STATUS_ZOMBIE
    return False


def processes_of(command: str, folder: Path) -> list[psutil.Process]:
    """Return the processes of a command below `folder`."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if command in process.cmdline() and Path(process.cwd()).is_relative_to(folder):
                found.append(process)
    return found


def test_two_workers_and_a_lost_one_end_with_what_one_machine_makes(
    tmp_path: Path, cluster: Cluster, finished: Workspace
) -> None:
    head = Workspace.create(tmp_path / "head")
    (head.root / "notes.txt").write_text("not committed")
    process = head.start(*CLUSTER, "--scheduler", cluster.address, "gail@CartPole-v1", "expert@Pendulum-v1")
    assert process.stdout is not None
    lines, interrupted = [], ""
    for line in process.stdout:
        lines.append(line)
        started = re.match(r"(expert@\S+): runs on (\S+), core \d", line)
        if started and not interrupted:
            interrupted, address = started.groups()
            with Client(cluster.address) as client:
                lost = client.scheduler_info()["workers"][address]["name"]
            wait_until(lambda lost=lost: processes_of("stages.expert", tmp_path / lost))
            cluster.workers[lost].send_signal(signal.SIGKILL)
            wait_until(lambda lost=lost: not processes_of("stages.expert", tmp_path / lost))
    output = "".join(lines)
    assert process.wait() == 0, output
    stages, undisturbed = recorded(head), recorded(finished)
    assert stages == {stage: undisturbed[stage] for stage in stages}
    assert {*stages} == {"validate", "expert@Pendulum-v1"} | {
        f"{name}@CartPole-v1" for name in ("expert", "sample", "gail")
    }
    outs = tuple(out["path"] for stage in stages.values() for out in stage["outs"])
    made, expected = (
        {path: content for path, content in read_results(place).items() if path.startswith(outs)}
        for place in (head, finished)
    )
    require_equal(made, expected)
    assert sorted(re.findall(r"^(\S+): runs on \S+, core \d", output, re.MULTILINE)) == sorted([*stages, interrupted])
    assert f"{interrupted}: {address} was lost; it runs again elsewhere\n" in output
    assert {*read_times(head.root)} == {*stages}
    assert "5 of 5 done, 0 running, 0 left" in output


def test_one_machine_side_by_side_ends_with_what_dvc_repro_makes(tmp_path: Path, finished: Workspace) -> None:
    head = finished.copy(tmp_path / "head")
    head.forget()
    head.run("git", "checkout", "--quiet", "--", "data/store")
    (head.root / "notes.txt").write_text("not committed")
    output = head.run(*CLUSTER)
    require_equal(read_results(head), read_results(finished))
    others = ("--", ".", ":(exclude)dvc.lock")  # in which the order is another
    assert head.run("git", "status", "--porcelain", *others) == "?? notes.txt\n"  # nothing in data/store
    assert not any((head.root / ".scratch").iterdir())
    stages = recorded(head)
    assert set(re.findall(r"^(\S+): runs on this machine, core", output, re.MULTILINE)) == set(stages)
    assert set(read_times(head.root)) == set(stages)
    assert head.dvc("status").strip() == "Data and pipelines are up to date."
    assert head.run(*CLUSTER, directory=head.root / "stages") == "Nothing: all stages are up to date.\n"
    (head.root / "dvc.lock").unlink()
    again = head.run(*CLUSTER, "gail@CartPole-v1")
    assert "gail@CartPole-v1: done without a run; 4 of 4 done" in again  # out of the run-cache
    assert "runs on" not in again


def test_all_that_is_out_of_date_is_planned(
    finished: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = finished.copy(tmp_path / "repository")
    monkeypatch.chdir(workspace.root)
    with Repo() as repo:
        assert planned_stages(repo, ["dvc.yaml"], {}, 2) == []
    params = tiny_params()
    params["seed"] += 1
    params["gail"]["seeds"] = 3
    write_params(params, workspace.root / "params.yaml")
    with Repo() as repo:
        planned = {stage.name: stage for stage in planned_stages(repo, ["dvc.yaml"], {}, 2)}
    of_environments = ("expert", "sample", "bc", "gail", "dac", "occupancy", "film-expert")
    assert {*planned} >= {
        "validate",
        "report",
        *(f"{stage}@{environment}" for stage in of_environments for environment in TINY_ENVS),
        *(
            f"{stage}@{environment}-{learner}"
            for stage in ("evaluate", "film")
            for environment in TINY_ENVS
            for learner in ("bc", "gail", "dac")
        ),
    }
    names = list(planned)
    for place, stage in enumerate(planned.values()):
        assert set(stage.upstream) <= {*names[:place]}
        assert stage.cores == (3 if stage.name.startswith("gail@") else 1)
    upstream = {"validate", *(f"{stage}@Pendulum-v1" for stage in ("expert", "sample", "bc"))}
    assert {*planned["evaluate@Pendulum-v1-bc"].upstream} == upstream


def test_an_interrupted_head_takes_its_stages_along_lets_no_second_in_and_leaves_what_to_go_on_from(
    tmp_path: Path,
) -> None:
    head = Workspace.create(tmp_path / "head")
    params = tiny_params()
    params["expert"]["env_steps"] = 64_000
    write_params(params, head.root / "params.yaml")
    process = head.start(*CLUSTER, "expert@CartPole-v1")
    wait_until(lambda: process.poll() is not None or list((head.root / ".scratch").glob("expert-*/training")))
    workers = psutil.Process(process.pid).children(recursive=True)
    second = head.run(*CLUSTER, "expert@CartPole-v1", fails=True)
    assert re.fullmatch(rf"error: another command is at work here: .* \(PID {process.pid}\): .*\n", second)
    os.killpg(process.pid, signal.SIGINT)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 130, output
    assert "Traceback" not in output
    assert not any(lives(worker) for worker in workers)
    assert {*recorded(head)} == {"validate"}
    assert "expert@CartPole-v1: resumes after" in head.dvc("repro", "expert@CartPole-v1")


def test_a_killed_head_takes_its_stages_along_and_what_was_done_is_kept(small: Workspace) -> None:
    process = small.start(*CLUSTER, "end")
    wait_until(lambda: processes_of("sleep", small.root))
    process.kill()
    process.communicate()
    wait_until(lambda: not processes_of("sleep", small.root))
    (small.root / ".dvc" / "tmp" / "rwlock").write_text('{"write": {"/data')  # where a kill has torn it
    add_stage(small, "end", "touch never", deps=["results"], outs=["never"])
    output = small.run(*CLUSTER)
    assert "removed .dvc/tmp/rwlock, of which a killed DVC had left half" in output
    assert {*re.findall(r"^(\S+): runs on", output, re.MULTILINE)} == {"beside", "end"}
    assert {*recorded(small)} == {"start", "end", "beside"}
    assert small.dvc("status").strip() == "Data and pipelines are up to date."


def test_a_record_that_is_cut_short_leaves_the_one_before(
    small: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dump_half(lockfile: Lockfile, _: object) -> None:
        Path(lockfile.path).write_text("schema: '2.0'\nstag")
        raise KeyboardInterrupt  # as a kill

    small.run(*CLUSTER, "beside")
    before = recorded(small)
    monkeypatch.chdir(small.root)
    with Repo() as repo, monkeypatch.context() as patched:
        patched.setattr(Lockfile, "dump_stages", dump_half)
        workspace = WorkOfDvc(repo, Cores(tmp_path / "logs"))
        (stage,) = repo.stage.collect("start")
        with pytest.raises(KeyboardInterrupt):
            workspace.run(Job(Planned("start", "", None, stage=stage), "here", (0,), ()), lambda *_: None)
        assert recorded(small) == before
        patched.undo()
        workspace.record()
    assert recorded(small).keys() == {*before, "start"}


def test_a_result_is_not_recorded_as_that_of_what_has_changed_since(small: Workspace) -> None:
    (small.root / "own.txt").write_text("1")
    add_stage(small, "end", "cp own.txt never; echo 2 >> own.txt", deps=["own.txt"], outs=["never"])
    output = small.run(*CLUSTER, "end", fails=True)
    assert "end: what it depends on has changed since it began; run this again" in output
    assert not (small.root / "dvc.lock").exists()
    add_stage(small, "end", "cp own.txt never", deps=["own.txt"], outs=["never"])
    assert "end: runs on" in small.run(*CLUSTER, "end")
    assert (small.root / "never").read_text() == "12\n"


def test_a_stage_that_waits_its_turn_does_not_start_after_the_end(
    small: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small.run(*CLUSTER, "start")
    (small.root / "source" / "b.txt").write_text("changed")
    monkeypatch.chdir(small.root)
    with Repo() as repo:
        workspace = WorkOfDvc(repo, Cores(tmp_path / "logs"))
        workspace.stop()
        (stage,) = repo.stage.collect("start")
        with pytest.raises(StageFailedError, match=r"^did not start any more$"):
            workspace.run(Job(Planned("start", "", None, stage=stage), "here", (0,), ()), lambda *_: None)
    assert (small.root / "results" / "b.txt").read_text() == "content"


def test_an_import_that_would_have_to_be_fetched_is_left_to_dvc(small: Workspace, tmp_path: Path) -> None:
    recording = tmp_path / "recording.csv"
    recording.write_text("1\n")
    small.dvc("import-url", str(recording), "here.csv")
    recording.write_text("2\n")
    small.dvc("unfreeze", "here.csv.dvc")
    add_stage(small, "import", "cp here.csv imported.csv", deps=["here.csv"], outs=["imported.csv"])
    output = small.run(*CLUSTER, "import", fails=True)
    assert "here.csv.dvc: imports data, and is not frozen; `dvc update here.csv.dvc` first" in output
    assert not (small.root / "imported.csv").exists()


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_no_command_outlives_its_leash(ending: signal.Signals) -> None:
    slow_to_end = "trap 'sleep 1; exit' TERM; echo up; while true; do sleep 0.1; done"  # and its parent is not
    command = [sys.executable, leash.__file__, "sh", "-c", f'sh -c "{slow_to_end}" & sleep 300']
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        process.stdout.readline()
        children = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(ending)
        assert process.wait(timeout=60) != 0
        assert not any(lives(child) for child in children)


def test_a_command_that_will_not_end_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leash, "SECONDS_TO_END", 0.5)
    with subprocess.Popen(
        ["sh", "-c", "trap '' TERM; echo up; sleep 300; sleep 300"], stdout=subprocess.PIPE, start_new_session=True
    ) as deaf:
        assert deaf.stdout is not None
        deaf.stdout.readline()
        leash.end_group(deaf)
        assert deaf.returncode == -signal.SIGKILL


def test_a_result_that_can_not_be_saved_fails_its_stage_alone(small: Workspace) -> None:
    add_stage(small, "start", "ln -s nowhere results", deps=["source"], outs=["results"])
    output = small.run(*CLUSTER, fails=True)
    assert "Traceback" not in output
    assert {*recorded(small)} == {"beside"}


def test_a_file_of_dvc_add_that_has_changed_goes_on_record_first(small: Workspace) -> None:
    recording = small.root / "recording.csv"
    recording.write_text("1\n")
    small.dvc("add", "recording.csv")
    add_stage(small, "import", "cp recording.csv imported.csv", deps=["recording.csv"], outs=["imported.csv"])
    small.run(*CLUSTER, "import")
    recording.write_text("2\n")
    small.run(*CLUSTER, "import")
    assert (small.root / "imported.csv").read_text() == "2\n"
    assert small.dvc("status", "import", "recording.csv.dvc").strip() == "Data and pipelines are up to date."


def test_a_failed_stage_shows_its_log_and_the_others_are_kept(small: Workspace) -> None:
    add_stage(small, "start", "echo tried\necho broken; exit 3\necho after", deps=["source"], outs=["results"])
    output = small.run(*CLUSTER, fails=True)
    assert "start: `echo broken; exit 3` ended with status 3:\ntried\nbroken\n" in output
    assert "end: can't run, since start failed" in output
    assert output.endswith("error: 2 of 3 stages failed or could not run; the others are on record\n")
    assert {*recorded(small)} == {"beside"}
    add_stage(small, "start", "true", deps=["source"], outs=["results"])
    assert "start: output 'results' does not exist" in small.run(*CLUSTER, "start", fails=True)


def test_a_worker_has_what_a_stage_depends_on_and_nothing_else(small: Workspace, cluster: Cluster) -> None:
    on_cluster = (*CLUSTER, "--scheduler", cluster.address)
    small.run(*on_cluster, "start", "beside")
    assert (small.root / "results" / "b.txt").read_text() == "content"
    assert (small.root / "results" / "a").is_dir()
    assert (small.root / "beside.txt").read_text() == "content"  # and not notes.txt
    assert small.dvc("status", "start", "beside").strip() == "Data and pipelines are up to date."
    add_stage(small, "end", "ls; exit 3", deps=["results"], outs=["never"])
    output = small.run(*on_cluster, fails=True)
    assert "end: `ls; exit 3` ended with status 3:\nresults\nerror: 1 of 1 stages failed" in output


def test_a_lost_or_interrupted_head_ends_its_stages_on_workers_and_a_lost_scheduler_is_said(
    small: Workspace, cluster: Cluster, tmp_path: Path
) -> None:
    def started() -> Process:
        process = small.start(*CLUSTER, "--scheduler", cluster.address, "end")
        wait_until(lambda: any(processes_of("sleep", tmp_path / name) for name in WORKERS))
        return process

    for ending in (signal.SIGKILL, signal.SIGINT, signal.SIGTERM):
        process = started()
        process.send_signal(ending)
        output, _ = process.communicate(timeout=60)
        assert "Traceback" not in output
        wait_until(lambda: not any(processes_of("sleep", tmp_path / name) for name in WORKERS))
    process = started()
    cluster.scheduler.kill()
    output, _ = process.communicate(timeout=120)
    error = f"error: --scheduler {cluster.address}: has gone; what was done is kept, so run this again"
    assert output.splitlines()[-1] == error
    assert "Traceback" not in output
    assert {*recorded(small)} == {"start"}


def test_a_scheduler_without_workers_is_said_within_ten_seconds(small: Workspace, cluster: Cluster) -> None:
    for worker in cluster.workers.values():
        worker.kill()
        worker.wait()
    output = small.run(*CLUSTER, "--scheduler", cluster.address, fails=True)
    assert output == f"error: --scheduler {cluster.address}: has no workers that could run stages; start some\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--scheduler", "tcp://127.0.0.1:9"), "--scheduler tcp://127.0.0.1:9: no Dask scheduler answers there: "),
        (("--scheduler", "tls://127.0.0.1:9"), "--scheduler tls://127.0.0.1:9: no Dask scheduler answers there: TLS"),
        (("--scheduler", "nowhere"), "--scheduler nowhere: no Dask scheduler answers there: missing port number"),
        (("nothing",), "Stage 'nothing' not found inside 'dvc.yaml' file; give stages, or paths of dvc.yaml files"),
    ],
)
def test_what_can_not_be_run_is_said(arguments: tuple[str, ...], message: str, small: Workspace) -> None:
    output = small.run(*CLUSTER, *arguments, fails=True)
    assert output.splitlines()[-1].startswith("error: ")
    assert message in output
    assert "Traceback" not in output


@dataclass
class ClientDouble:
    """A Dask client: its workers answer with these versions, and fail so."""

    theirs: Any
    error: Exception | None = None
    threads: dict[str, int] = field(default_factory=lambda: {"tcp://a:1": 2})

    def __call__(self, *_: Any, **__: Any) -> "ClientDouble":
        return self

    def wait_for_workers(self, *_: Any, **__: Any) -> None: ...

    def nthreads(self) -> dict[str, int]:
        return self.threads

    def run(self, *_: Any, workers: list[str], **__: Any) -> dict[str, Any]:
        return dict.fromkeys(workers, self.theirs)

    def scatter(self, *_: Any, **__: Any) -> list[Any]:
        assert self.error is not None
        raise self.error


def connect(monkeypatch: pytest.MonkeyPatch, client: ClientDouble) -> Workers:
    monkeypatch.setattr("gailpipe.cluster.workers.Client", client)
    return Workers("tcp://a:0", Path())


@pytest.mark.parametrize(
    ("theirs", "message"),
    [
        (
            versions() | {"torch": "1.0"},
            f"tcp://a:1 runs nothing, since its versions are not those here: torch 1.0, here {version('torch')}\n",
        ),
        (
            {name: theirs for name, theirs in versions().items() if name != "torch"},
            f"tcp://a:1 runs nothing, since its versions are not those here: torch None, here {version('torch')}\n",
        ),
        (ModuleNotFoundError("No module named 'gailpipe'"), "No module named 'gailpipe'"),
    ],
)
def test_a_worker_of_another_version_is_said_and_left_out(
    theirs: Any, message: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert connect(monkeypatch, ClientDouble(versions())).cores() == {"tcp://a:1": [0, 1]}
    assert "pytest" not in versions()
    with pytest.raises(UserError, match=r"^--scheduler tcp://a:0: has no workers that could run stages"):
        connect(monkeypatch, ClientDouble(theirs))
    assert message in capsys.readouterr().err


def test_a_stage_that_loses_its_workers_is_tried_elsewhere_but_not_for_ever(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    stage: Any = SimpleNamespace(addressing="expert", deps=[], outs=[], cmd="train", wdir=str(tmp_path))
    job = Job(Planned("expert", "", None, stage=stage), "tcp://a:1", (0,), ())
    workers = connect(monkeypatch, ClientDouble(versions(), CancelledError()))
    for _ in range(2):
        with pytest.raises(PlaceLostError):
            workers.execute(job)
    with pytest.raises(StageFailedError, match="failed: tcp://a:1 was lost, as 2 others before") as error:
        workers.execute(job)
    assert not isinstance(error.value, PlaceLostError)
    workers = connect(monkeypatch, ClientDouble(versions(), ValueError("no space")))
    with pytest.raises(StageFailedError, match="failed: no space"):
        workers.execute(job)


def test_a_stage_has_the_packages_that_its_code_is_in_and_the_code_of_its_environments(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    client = ClientDouble(versions())
    sent: list[bytes] = []

    def scatter(data: list[bytes], **_: Any) -> list[bytes]:
        sent.extend(data)
        raise CancelledError

    monkeypatch.setattr(client, "scatter", scatter)
    files = ("gailpipe/__init__.py", "gailpipe/rl/loop.py", "gailpipe/rl/on_policy/trpo.py", "environments/reach.py")
    for name in (*files, "notes.txt", "gailpipe/other/__init__.py"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    deps = [SimpleNamespace(fs_path=str(tmp_path / name)) for name in ("gailpipe/rl", "params.yaml")]
    stage: Any = SimpleNamespace(addressing="expert", deps=deps, outs=[], cmd="train", wdir=str(tmp_path))
    with pytest.raises(PlaceLostError):
        connect(monkeypatch, client).execute(Job(Planned("expert", "", None, stage=stage), "tcp://a:1", (0,), ()))
    unpack(sent[0], str(tmp_path / "worker"))
    unpacked = {str(path.relative_to(tmp_path / "worker")) for path in (tmp_path / "worker").rglob("*.*")}
    assert unpacked == {*files}


def test_workers_of_one_host_have_cores_of_their_own_and_those_of_a_lost_one_go_to_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    client = ClientDouble(versions(), threads={"tcp://a:1": 2, "tcp://a:2": 1, "tcp://b:1": 1})
    workers = connect(monkeypatch, client)
    assert workers.cores() == {"tcp://a:1": [0, 1], "tcp://a:2": [2], "tcp://b:1": [0]}
    client.threads = {"tcp://a:2": 1, "tcp://a:3": 3}
    assert workers.cores() == {"tcp://a:2": [2], "tcp://a:3": [0, 1, 3]}
    client.threads |= {"tcp://a:1": 2}  # it comes back
    assert workers.cores() == {"tcp://a:1": [4, 5], "tcp://a:2": [2], "tcp://a:3": [0, 1, 3]}


def test_a_worker_that_does_not_answer_is_said_once_and_asked_again_later(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    client = ClientDouble(versions())
    workers = connect(monkeypatch, client)
    client.threads |= {"tcp://b:1": 1}
    client.theirs = TimeoutError("no answer")
    assert workers.cores() == {"tcp://a:1": [0, 1]}
    client.theirs = versions()
    assert workers.cores() == {"tcp://a:1": [0, 1]}  # it is too early
    monkeypatch.setattr("gailpipe.cluster.workers.SECONDS_TO_ASK_AGAIN", 0.0)
    assert workers.cores() == {"tcp://a:1": [0, 1], "tcp://b:1": [0]}
    assert capsys.readouterr().err == "tcp://b:1 does not answer, and is asked again: no answer\n"


def test_a_worker_that_has_no_room_is_left_out(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stage: Any = SimpleNamespace(deps=[], outs=[], cmd="train", wdir=str(tmp_path))
    job = Job(Planned("expert", "", None, stage=stage), "tcp://a:1", (0,), ())
    workers = connect(monkeypatch, ClientDouble(versions(), PlaceLostError("it can't take the files of a stage: full")))
    with pytest.raises(PlaceLostError, match="tcp://a:1 was lost"):
        workers.execute(job)
    assert workers.cores() == {}
    assert capsys.readouterr().err == "tcp://a:1 runs nothing, since it can't take the files of a stage: full\n"


def test_the_shell_reads_no_files_that_dvc_would_not_let_it_read(monkeypatch: pytest.MonkeyPatch) -> None:
    for found in ("/bin/zsh", "/bin/bash", "/bin/dash"):
        monkeypatch.setenv("SHELL", found)
        *called, _, command = _make_cmd(found, "true")
        assert [*shell(), command] == [*called, "true"]


class PlacesDouble:
    """Two cores, on which nothing takes time but what is to meet, and one stage loses its place once."""

    def __init__(self) -> None:
        self.ran: list[str] = []
        self.stopped = False
        self._barrier = Barrier(2, timeout=60)

    def cores(self) -> dict[str, range]:
        return {"": range(2)}

    def execute(self, job: Job) -> None:
        self.ran.append(job.planned.name)
        if job.planned.name in ("bc", "gail"):
            self._barrier.wait()
        if job.planned.name == "sample" and self.ran.count("sample") == 1:
            raise PlaceLostError

    def stop(self) -> None:
        self.stopped = True


class WithoutDvc(WorkOfDvc):
    def run(self, job: Job, started: Any) -> None:
        started(job.planned.name, "core")
        self.places.execute(job)


def test_stages_run_after_those_that_they_depend_on_side_by_side_and_again_where_a_place_is_lost() -> None:
    planned = [
        Planned("gail", "", None, 1, ("expert", "sample")),
        Planned("bc", "", None, 1, ("expert", "sample")),
        Planned("sample", "", None, 1, ("expert",)),
        Planned("expert", "", None),
    ]
    places, repo = PlacesDouble(), cast("Repo", None)
    assert run_stages(planned, WithoutDvc(repo, places), View(planned)) == 0
    assert places.ran[:3] == ["expert", "sample", "sample"]
    assert {*places.ran[3:]} == {"bc", "gail"}
    assert places.stopped
