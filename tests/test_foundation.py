"""Files, seeds and processes."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gailpipe.foundation.errors import UserError
from gailpipe.foundation.files import whole_directory, whole_file
from gailpipe.foundation.processes import side_by_side
from gailpipe.foundation.seeding import derive_seed
from tests.workspace import ROOT


def test_a_file_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "new" / "file.txt"
    with whole_file(path) as aside:
        aside.write_text("first")
        assert not path.exists()
    with pytest.raises(ZeroDivisionError), whole_file(path) as aside:
        aside.write_text(str(1 / 0))
    assert path.read_text() == "first"
    assert list(path.parent.iterdir()) == [path]


def test_a_directory_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "new"
    with pytest.raises(ZeroDivisionError), whole_directory(path) as aside:
        (aside / "half").write_text(str(1 / 0))
    assert list(tmp_path.iterdir()) == []
    with whole_directory(path) as aside:
        (aside / "whole").touch()
    assert [found.name for found in path.iterdir()] == ["whole"]


def test_nothing_is_ever_overwritten_by_a_directory(tmp_path: Path) -> None:
    (tmp_path / "precious").touch()
    for path in (tmp_path, tmp_path / "precious"):
        with pytest.raises(UserError, match="exists already"), whole_directory(path):
            pass
    assert (tmp_path / "precious").exists()


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


def test_a_workers_error_reaches_the_caller() -> None:
    with pytest.raises(UserError, match="thirteen: is unlucky"):
        list(side_by_side(square, [3, 13]))


def test_a_terminated_stage_takes_its_workers_and_unfinished_files_along(tmp_path: Path) -> None:
    script = f"""
import argparse, functools, sys, time
from pathlib import Path
from gailpipe.foundation.command import run
from gailpipe.foundation.files import whole_directory
from gailpipe.foundation.processes import side_by_side
from tests.test_foundation import sleep_long

def main(_):
    with whole_directory(Path({str(tmp_path / "out")!r})):
        list(side_by_side(functools.partial(sleep_long, Path({str(tmp_path)!r})), range(2)))

if __name__ == "__main__":
    run(main, argparse.ArgumentParser())
"""
    (tmp_path / "stage.py").write_text(script)
    process = subprocess.Popen(
        [sys.executable, tmp_path / "stage.py"], cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(ROOT)}
    )
    deadline = time.monotonic() + 60
    while len(workers := list(tmp_path.glob("worker-*"))) < 2:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 143
    for worker in workers:
        pid = int(worker.name.removeprefix("worker-"))
        while (Path("/proc") / str(pid)).exists():
            assert time.monotonic() < deadline
            time.sleep(0.1)
    assert not list(tmp_path.glob(".partial-*"))
    assert not (tmp_path / "out").exists()


def sleep_long(directory: Path, _: int) -> None:
    (directory / f"worker-{os.getpid()}").touch()
    time.sleep(600)
