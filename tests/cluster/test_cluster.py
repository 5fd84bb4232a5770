"""Stages side by side on Dask workers, which share nothing but an S3 bucket."""

import argparse
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import boto3
import psutil
import pytest
from dvc.repo import Repo
from moto.server import ThreadedMotoServer
from ruamel.yaml import YAML

from gailpipe.cluster.__main__ import tls
from gailpipe.cluster.plan import Job, Source, find_source, out_of_date
from gailpipe.cluster.view import View
from gailpipe.cluster.worker import StageFailedError, _run, run_stage
from gailpipe.foundation.errors import UserError
from tests.faults import read_results, require_equal
from tests.workspace import ROOT, TINY_ENVS, Process, Workspace, stages_run, tiny_params, write_params

WORKERS = ("one", "two")
FOLDERS = ("data/experts/", "data/demonstrations/", "data/gail/")


@dataclass(frozen=True)
class Cluster:
    address: str
    workers: dict[str, Process]


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The endpoint of an S3 server that has a bucket `results`."""
    for name, value in {"ACCESS_KEY_ID": "test", "SECRET_ACCESS_KEY": "test", "DEFAULT_REGION": "us-east-1"}.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    boto3.client("s3", endpoint_url=endpoint).create_bucket(Bucket="results")
    yield endpoint
    server.stop()


@pytest.fixture
def head(tmp_path: Path, bucket: str) -> Workspace:
    workspace = Workspace.create(tmp_path / "head")
    workspace.dvc("remote", "add", "--default", "bucket", "s3://results/store")
    workspace.dvc("remote", "modify", "bucket", "endpointurl", bucket)
    workspace.commit("Share results by a bucket")
    return workspace


@pytest.fixture
def cluster(tmp_path: Path, head: Workspace) -> Iterator[Cluster]:
    """A scheduler, and two workers in folders of their own."""
    file = tmp_path / "scheduler.json"
    options = ("--scheduler-file", str(file))
    python = (sys.executable, "-m", "dask")
    scheduler = head.start(*python, "scheduler", "--port", "0", "--no-dashboard", *options, directory=tmp_path)
    workers = {}
    for name in WORKERS:
        folder = tmp_path / name
        folder.mkdir()
        options_of_one = ("--no-nanny", "--nthreads", "1", "--no-dashboard", "--name", name, "--local-directory", ".")
        workers[name] = head.start(*python, "worker", *options, *options_of_one, directory=folder)
    deadline = time.monotonic() + 60
    while not (file.exists() and file.read_text()):
        assert time.monotonic() < deadline, "the scheduler has not started"
        time.sleep(0.1)
    yield Cluster(json.loads(file.read_text())["address"], workers)
    for process in (scheduler, *workers.values()):
        process.kill()
        process.communicate()


def processes_of(stage: str, folder: Path) -> list[psutil.Process]:
    """Return the processes that run `stage` below `folder`."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if f"stages.{stage}" in process.cmdline() and Path(process.cwd()).is_relative_to(folder):
                found.append(process)
    return found


def wait_for(stage: str, folder: Path, running: bool) -> None:
    deadline = time.monotonic() + 300
    while bool(processes_of(stage, folder)) != running:
        assert time.monotonic() < deadline, f"{stage} in {folder}"
        time.sleep(0.05)


def test_two_workers_and_a_lost_one_end_with_what_one_machine_makes(
    tmp_path: Path, head: Workspace, cluster: Cluster, finished: Workspace
) -> None:
    head.dvc("repro", "validate")
    head.commit("Validate, and share nothing")
    targets = ("gail@CartPole-v1", "gail@Pendulum-v1")
    process = head.start(sys.executable, "-m", "gailpipe.cluster", "--scheduler", cluster.address, *targets)
    assert process.stdout is not None
    lines, lost, interrupted = [], None, None
    for line in process.stdout:
        lines.append(line)
        started = re.match(r"(expert@\S+): runs on worker (\w+)", line)
        if started and lost is None:
            interrupted, lost = started.groups()
            wait_for("expert", tmp_path / lost, running=True)
            cluster.workers[lost].send_signal(signal.SIGKILL)
            wait_for("expert", tmp_path / lost, running=False)
    output = "".join(lines)
    assert process.wait() == 0, output
    assert lost is not None
    made, undisturbed_files = (
        {path: content for path, content in read_results(place).items() if path.startswith(FOLDERS)}
        for place in (head, finished)
    )
    require_equal(made, undisturbed_files)
    expected = {f"{stage}@{environment}" for stage in ("expert", "sample", "gail") for environment in TINY_ENVS}
    stages, undisturbed = (YAML(typ="safe").load(place.root / "dvc.lock")["stages"] for place in (head, finished))
    assert stages == {stage: undisturbed[stage] for stage in (*expected, "validate")}

    started_on = re.findall(r"^(\S+): runs on worker (\w+)", output, re.MULTILINE)
    assert {stage for stage, _ in started_on} == expected
    logs = "".join(path.read_text() for name in WORKERS for path in (tmp_path / name).rglob("thread-*/log"))
    runs = Counter(re.findall(r"Running stage '([^']+)'", logs))
    assert set(runs) == expected
    assert {stage for stage, count in runs.items() if count > 1} <= {interrupted}
    assert {worker for _, worker in started_on} == set(WORKERS)
    assert "done, 0 running, 0 left" in output
    assert stages_run(output) == set()

    head.run("git", "checkout", "--quiet", "--detach")  # a commit of no branch, to workers that have clones
    params = tiny_params()
    params["bc"]["steps"] += 10
    write_params(params, head.root / "params.yaml")
    head.commit("Clone longer")
    again = head.run(sys.executable, "-m", "gailpipe.cluster", "--scheduler", cluster.address, "bc@CartPole-v1")
    assert re.findall(r"^(bc@\S+): done", again, re.MULTILINE) == ["bc@CartPole-v1"]


def test_all_that_is_out_of_date_is_planned_but_what_git_tracks(
    finished: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = finished.copy(tmp_path / "repository")
    monkeypatch.chdir(workspace.root)
    with Repo() as repo:
        assert out_of_date(repo, ["dvc.yaml"]) == []
    params = tiny_params()
    params["seed"] += 1
    write_params(params, workspace.root / "params.yaml")
    with Repo() as repo:
        jobs = out_of_date(repo, ["dvc.yaml"])
    of_environments = ("expert", "sample", "bc", "gail", "dac", "occupancy", "film-expert")
    assert {job.stage for job in jobs} == {
        "validate",
        *(f"{stage}@{environment}" for stage in of_environments for environment in TINY_ENVS),
        *(
            f"{stage}@{environment}-{learner}"
            for stage in ("evaluate", "film")
            for environment in TINY_ENVS
            for learner in ("bc", "gail", "dac")
        ),
    }
    for place, job in enumerate(jobs):
        assert set(job.upstream) <= {earlier.stage for earlier in jobs[:place]}
    (evaluate,) = [job for job in jobs if job.stage == "evaluate@Pendulum-v1-bc"]
    assert set(evaluate.upstream) == {"validate", *(f"{stage}@Pendulum-v1" for stage in ("expert", "sample", "bc"))}


def test_a_repository_without_a_commit_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for command in (("git", "init", "--quiet"), (sys.executable, "-m", "dvc", "init", "--quiet")):
        subprocess.run(command, cwd=tmp_path, check=True)
    (tmp_path / ".gitignore").write_text("*")
    subprocess.run(("git", "rm", "--quiet", "-r", "--cached", "."), cwd=tmp_path, check=True)
    with (tmp_path / ".dvc" / "config").open("a") as config:
        config.write("[core]\n    remote = store\n['remote \"store\"']\n    url = store\n")
    monkeypatch.chdir(tmp_path)
    with Repo() as repo, pytest.raises(UserError, match="`git rev-parse HEAD` failed: "):
        find_source(repo, None)


def test_the_papers_repository_is_found_in_a_clone_and_all_that_it_runs_is_committed(tmp_path: Path) -> None:
    head = Workspace.create(tmp_path / "head")
    with Repo(head.root / "paper") as repo:
        source = find_source(repo, None)
        assert (source.head, source.repository, source.folder) == (str(head.root / "paper"), str(head.root), "paper")
        assert source.remote_path == str(head.root / "data" / "store")
        (head.root / "stages" / "new.py").touch()
        with pytest.raises(UserError, match=r"but stages/new\.py differ"):
            find_source(repo, None)


def test_a_failed_command_tells_what_it_printed_and_nothing_before(tmp_path: Path) -> None:
    log = tmp_path / "log"
    _run(tmp_path, log, sys.executable, "-c", "print('earlier')")
    with pytest.raises(subprocess.CalledProcessError) as failed:
        _run(tmp_path, log, sys.executable, "-c", "raise SystemExit('no disk')")
    assert failed.value.output == "no disk\n"
    assert log.read_text() == "earlier\nno disk\n"


def test_a_stage_that_has_ended_is_not_shown_again(capsys: pytest.CaptureFixture[str]) -> None:
    with View(["expert", "sample"], 2) as view:
        view.start("expert", "one")
        view.start("expert", "two")
        view.finish("expert")
        view.start("expert", "one")
        view.fail("sample", "its log")
        view.start("sample", "one")
    lines = capsys.readouterr().err.splitlines()
    assert lines[:2] == [
        "expert: runs on worker one",
        "expert: runs on worker two, again, since the first was lost",
    ]
    assert lines[2].startswith("expert: done after 00:00 on worker two; 1 of 2 done, 0 running, 1 left")
    assert lines[3:] == ["sample: its log"]


def test_a_failed_stage_shows_its_log_and_the_others_are_kept(tmp_path: Path) -> None:
    head = Workspace.create(tmp_path / "head")
    stage = head.root / "stages" / "sample.py"
    stage.write_text(f"{stage.read_text()}\n    raise SystemExit('broken on purpose')\n")
    head.commit("Break a stage")
    output = head.run(sys.executable, "-m", "gailpipe.cluster", "sample@CartPole-v1", "bc@CartPole-v1", fails=True)
    assert "broken on purpose" in output
    assert "bc@CartPole-v1: can't run, since sample@CartPole-v1 failed" in output
    assert output.strip().endswith("error: 2 of 4 stages failed or could not run; the others are in the DVC remote")
    assert "Traceback" not in output
    assert not (head.root / "dvc.lock").exists()
    assert list((head.root / ".scratch").glob("expert-CartPole-v1-*"))  # kept here, where workers are none
    elsewhere = ("--repository", head.root.as_uri())
    again = head.run(sys.executable, "-m", "gailpipe.cluster", *elsewhere, "expert@CartPole-v1")
    assert "expert@CartPole-v1: done" in again  # although the first run has left results in data/store
    assert "Stage 'expert@CartPole-v1' is cached" in again


def test_an_interrupted_head_takes_its_workers_along_and_leaves_what_to_go_on_from(tmp_path: Path) -> None:
    head = Workspace.create(tmp_path / "head")
    params = tiny_params()
    params["expert"]["env_steps"] = 64_000
    write_params(params, head.root / "params.yaml")
    head.commit("Train long enough to be interrupted")
    process = head.start(sys.executable, "-m", "gailpipe.cluster", "expert@CartPole-v1")
    deadline = time.monotonic() + 300
    while not list((head.root / ".scratch").glob("expert-*/training")):
        assert process.poll() is None
        assert time.monotonic() < deadline, "no checkpoint"
        time.sleep(0.05)
    workers = psutil.Process(process.pid).children(recursive=True)
    os.killpg(process.pid, signal.SIGINT)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 130, output
    assert "Traceback" not in output
    assert not psutil.wait_procs(workers, timeout=60)[1]
    assert "expert CartPole-v1: resumes after" in head.dvc("repro", "expert@CartPole-v1")


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_no_command_outlives_its_leash(ending: signal.Signals) -> None:
    sleeper = [sys.executable, "-c", "import time; print('up', flush=True); time.sleep(300)"]
    command = [sys.executable, "-m", "gailpipe.cluster.leash", *sleeper]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as leash:
        assert leash.stdout is not None
        leash.stdout.readline()
        (child,) = psutil.Process(leash.pid).children()
        leash.send_signal(ending)
        assert leash.wait(timeout=60) == 128 + ending
        child.wait(timeout=60)


PEM = ("--tls-ca", "ca.pem", "--tls-cert", "cert.pem", "--tls-key", "gone.pem")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (PEM[:2], "--tls-cert, --tls-key: not given; TLS needs all of --tls-ca, --tls-cert, --tls-key"),
        (PEM, "--tls-ca, --tls-cert, --tls-key are for --scheduler tls://…, but that is not given"),
        (("--scheduler", "tcp://a:1", *PEM), "--tls-key are for --scheduler tls://…, but that is tcp://a:1"),
        (("--scheduler", "tls://a:1", *PEM), "--tls-key gone.pem: is no file"),
        (("--scheduler", "tls://a:1"), "--scheduler tls://a:1: needs --tls-ca, --tls-cert, --tls-key"),
    ],
)
def test_certificates_that_can_not_be_used_are_named(arguments: tuple[str, ...], message: str, tmp_path: Path) -> None:
    for name in ("ca.pem", "cert.pem"):
        (tmp_path / name).touch()
    command = [sys.executable, "-m", "gailpipe.cluster", *arguments]
    done = subprocess.run(command, cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True)
    error = done.stderr.decode()
    assert error.startswith("error: ")
    assert message in error


def test_certificates_reach_the_connection(tmp_path: Path) -> None:
    files = {kind: tmp_path / f"{kind}.pem" for kind in ("ca", "cert", "key")}
    for file in files.values():
        file.touch()
    arguments = {f"tls_{kind}": file for kind, file in files.items()}
    security = tls(argparse.Namespace(scheduler="tls://a:1", **arguments))
    assert security is not None
    assert security.require_encryption
    assert security.get_tls_config_for_role("client") | {"ciphers": None} == {
        "ca_file": str(files["ca"]), "cert": str(files["cert"]), "key": str(files["key"]), "ciphers": None,
    }  # fmt: skip


def test_an_address_that_looks_like_an_option_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commands: list[tuple[str, ...]] = []

    def refuse(folder: Path, log: Path, *command: str, **_: str) -> None:
        commands.append(command)
        raise subprocess.CalledProcessError(1, command, "")

    monkeypatch.setattr("gailpipe.cluster.worker._run", refuse)
    monkeypatch.setattr("gailpipe.cluster.worker.get_worker", lambda: WorkerDouble(str(tmp_path)))
    with pytest.raises(StageFailedError):
        run_stage(Source("head", "--upload-pack=touch", ".", "abc", "store", None), Job("bc", ()), False)
    assert commands == [("git", "clone", "--quiet", "--no-checkout", "--", "--upload-pack=touch", "clone")]


@dataclass
class WorkerDouble:
    local_directory: str
    name: str = "0"

    def log_event(self, *_: object) -> None: ...


def test_what_can_not_be_run_is_said(tmp_path: Path) -> None:
    head = Workspace.create(tmp_path / "head")
    command = (sys.executable, "-m", "gailpipe.cluster")
    output = head.run(*command, fails=True, directory=head.root / "stages")
    assert output.startswith(f"error: runs in {head.root} alone")
    for arguments, message in (
        (("--scheduler", "tcp://127.0.0.1:9"), "--scheduler tcp://127.0.0.1:9: no Dask scheduler answers there"),
        (("nothing",), "nothing"),
    ):
        output = head.run(*command, *arguments, fails=True)
        assert output.startswith("error: ")
        assert message in output
        assert "Traceback" not in output
    (head.root / "stages" / "expert.py").write_text("")
    for name in range(6):
        (head.root / f"new-{name}.py").write_text("")
    output = head.run(*command, fails=True)
    assert output.strip() == (
        "error: workers run what is committed, but stages/expert.py, new-0.py, new-1.py, new-2.py, new-3.py and 2 more "
        "differ; commit, stash or remove that first"
    )
