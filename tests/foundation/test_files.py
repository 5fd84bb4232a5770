"""Files, seeds and processes."""

import os
import resource
import signal
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import pytest

from gailpipe.foundation.errors import UserError
from gailpipe.foundation.files import write_directory, write_file
from gailpipe.foundation.processes import side_by_side, workers_for
from gailpipe.foundation.seeding import derive_seed
from tests.workspace import ROOT


def test_a_file_appears_whole_and_replaces_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "new" / "file.txt"
    for content in (b"first", b"second"):
        write_file(path, content)
        assert path.read_bytes() == content
        assert list(path.parent.iterdir()) == [path]


def test_a_directory_appears_whole(tmp_path: Path) -> None:
    write_directory(tmp_path / "new", {"a": b"1", "b": b"2"})
    assert {path.name: path.read_bytes() for path in (tmp_path / "new").iterdir()} == {"a": b"1", "b": b"2"}
    assert [path.name for path in tmp_path.iterdir()] == ["new"]
    write_directory(tmp_path / "new", {"b": b"2", "a": b"1"})
    with pytest.raises(UserError, match="exists already"):
        write_directory(tmp_path / "new", {"a": b"1", "b": b"3"})


def test_a_directory_never_replaces_anything(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("kept")
    for path in (tmp_path, tmp_path / "precious"):
        with pytest.raises(UserError, match="exists already"):
            write_directory(path, {"a": b""})
    assert (tmp_path / "precious").read_text() == "kept"


@pytest.mark.parametrize("place", ["directory", "file/below"])
def test_a_place_that_takes_no_file_is_named(tmp_path: Path, place: str) -> None:
    (tmp_path / "directory" / "full").mkdir(parents=True)
    (tmp_path / "file").write_text("kept")
    with pytest.raises(UserError, match=rf"^{tmp_path / place}: can't be written: "):
        write_file(tmp_path / place, b"")
    assert {path.name for path in tmp_path.rglob("*")} == {"directory", "full", "file"}


@pytest.mark.parametrize("write", [write_file, lambda path, content: write_directory(path, {"a": content})])
def test_a_full_disk_is_named_and_nothing_is_left_half_written(tmp_path: Path, write: Any) -> None:
    write_file(tmp_path / "old", b"kept")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
    try:
        with pytest.raises(UserError, match="new: can't be written: File too large"):
            write(tmp_path / "new", bytes(1001))
        with pytest.raises(UserError, match="old: "):
            write(tmp_path / "old", bytes(1001))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert [path.name for path in tmp_path.iterdir()] == ["old"]
    assert (tmp_path / "old").read_bytes() == b"kept"


def test_seeds_differ_by_name_and_never_change() -> None:
    assert derive_seed(0, "expert", "Hopper-v5") == derive_seed(0, "expert", "Hopper-v5") == PINNED
    names: list[tuple[str | int, ...]] = [("a", 1), ("a", "1"), ("a1",), ("a",), (1, "a")]
    assert len({derive_seed(seed, *name) for name in names for seed in range(100)}) == 500
    assert all(0 <= derive_seed(seed, "a") < 2**31 for seed in range(100))


PINNED = 378824310


def square(number: int) -> int:
    if number == 13:
        raise UserError("thirteen: is unlucky")
    return number * number


def test_runs_side_by_side_come_back_in_order() -> None:
    assert list(side_by_side(square, [3, 1, 2])) == [9, 1, 4]


@pytest.mark.parametrize(
    ("runs", "cores", "workers"),
    [(2, 2, 2), (3, 2, 3), (5, 2, 3), (6, 2, 4), (7, 2, 4), (9, 2, 3), (3, 1, 2), (3, 16, 3), (17, 16, 17)],
)
def test_no_core_is_idle_while_the_last_runs_end(runs: int, cores: int, workers: int) -> None:
    assert workers_for(runs, cores) == workers


def test_workers_that_can_not_be_started_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def submit(*_: Any) -> Any:
        raise OSError("AF_UNIX path too long")

    monkeypatch.setattr(ProcessPoolExecutor, "submit", submit)
    with pytest.raises(UserError, match="no process can be started: AF_UNIX path too long"):
        list(side_by_side(square, range(2)))
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, ())


def test_a_workers_error_reaches_the_caller() -> None:
    with pytest.raises(UserError, match="thirteen: is unlucky"):
        list(side_by_side(square, [3, 13]))


@pytest.mark.parametrize(
    ("sent", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130), (signal.SIGKILL, -signal.SIGKILL)]
)
def test_a_stage_takes_its_workers_along_however_it_ends(tmp_path: Path, sent: signal.Signals, status: int) -> None:
    script = f"""
import argparse, functools
from pathlib import Path
from gailpipe.foundation.command import run
from gailpipe.foundation.processes import side_by_side
from tests.foundation.test_files import sleep_long

def main(_):
    list(side_by_side(functools.partial(sleep_long, Path({str(tmp_path)!r})), range(2)))

if __name__ == "__main__":
    run(main, argparse.ArgumentParser())
"""
    (tmp_path / "stage.py").write_text(script)
    process = subprocess.Popen(
        [sys.executable, tmp_path / "stage.py"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 60
    while len(workers := list(tmp_path.glob("worker-*"))) < 2:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    process.send_signal(sent)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == status
    assert "Traceback" not in errors
    for worker in workers:
        pid = int(worker.name.removeprefix("worker-"))
        while (Path("/proc") / str(pid)).exists():
            assert time.monotonic() < deadline
            time.sleep(0.1)


def test_a_signal_while_workers_are_started_ends_those_that_have_started(monkeypatch: pytest.MonkeyPatch) -> None:
    real = ProcessPoolExecutor.submit
    started: list[psutil.Process] = []

    def submit(pool: ProcessPoolExecutor, *arguments: Any) -> Any:
        if started:
            raise SystemExit(143)  # as a handler of SIGTERM does, anywhere
        future = real(pool, *arguments)
        while not started:
            servers = [child for child in psutil.Process().children() if "forkserver" in str(child.cmdline())]
            started.extend(worker for server in servers for worker in server.children())
        return future

    monkeypatch.setattr(ProcessPoolExecutor, "submit", submit)
    with pytest.raises(SystemExit):
        list(side_by_side(sleep_for_a_while, range(2)))
    _, alive = psutil.wait_procs(started, timeout=20)
    assert not alive


def sleep_for_a_while(_: int) -> None:
    time.sleep(100)


def sleep_long(directory: Path, _: int) -> None:
    (directory / f"worker-{os.getpid()}").touch()
    time.sleep(600)


def die(number: int) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_killed_worker_is_reported_in_a_sentence() -> None:
    with pytest.raises(UserError, match="a process was killed"):
        list(side_by_side(die, range(2)))
