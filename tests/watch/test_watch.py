"""Runs that are watched, in a table and in lines."""

import json
import os
import time
from contextlib import nullcontext
from math import nan
from pathlib import Path

import pytest
from filelock import FileLock
from rich.console import Console

from gailpipe.foundation.scratch import DONE, LOCK
from gailpipe.watch.__main__ import main
from gailpipe.watch.runs import curve, watched_runs
from gailpipe.watch.view import NOTHING, line, table

ROWS = [
    {"env_steps": 1000, "return": 10.0, "expert_accuracy": 0.9, "policy_accuracy": 0.8},
    {"env_steps": 2000, "return": nan, "expert_accuracy": 0.75, "policy_accuracy": 0.5},
]


def write_log(folder: Path, name: str) -> Path:
    """Write what a run of 5,000 steps logs in ten seconds, in which it went on from 500."""
    path = folder / "seed-0" / "training.jsonl"
    path.parent.mkdir(parents=True)
    now = time.time()
    heading = {"name": name, "steps": 5000, "clock": "env_steps", "resumed": 500, "started": now - 10}
    path.write_text("".join(f"{json.dumps(row)}\n" for row in (heading, *ROWS)))
    os.utime(path, (now, now))
    return path


def test_a_run_is_as_fast_as_since_it_was_resumed(tmp_path: Path) -> None:
    write_log(tmp_path / "gail", "gail")
    (run,) = watched_runs(tmp_path)
    assert (run.steps, run.values("return")) == (2000, [10.0])
    assert run.steps_per_second == pytest.approx(150, rel=1e-3)
    assert run.seconds_left == pytest.approx(20, rel=1e-3)


def test_a_last_iteration_that_overshoots_leaves_no_time(tmp_path: Path) -> None:
    path = write_log(tmp_path / "gail", "gail")
    with path.open("a") as file:
        file.write('{"env_steps": 5120}\n')
    (run,) = watched_runs(tmp_path)
    assert (run.steps, run.seconds_left) == (5000, 0)


def test_runs_that_go_on_come_first_and_others_say_what_became_of_them(tmp_path: Path) -> None:
    for name in ("a-done", "b-interrupted", "c-running"):
        write_log(tmp_path / name, name)
    (tmp_path / "a-done" / DONE).touch()
    with FileLock(tmp_path / "c-running" / LOCK):
        lines = [line(run) for run in watched_runs(tmp_path)]
    told = "2,000 of 5,000 steps  150 steps/s  return 10  D right on expert / policy 75%/50%"
    assert lines == [
        f"c-running: {told}  00:20 left",
        f"a-done: {told}  done",
        f"b-interrupted: {told}  stopped",
    ]


def test_the_table_has_a_row_for_each_run_and_says_if_none_goes_on(tmp_path: Path) -> None:
    write_log(tmp_path / "gail", "gail HalfCheetah-v5 seed 0")
    console = Console(width=80)
    with console.capture() as captured:
        console.print(table(watched_runs(tmp_path), 80))
    shown = " ".join(captured.get().split())
    assert f"gail HalfCheetah-v5 seed 0 40% of 5.00k 150 10 ▁ 75%/50% stopped {NOTHING}" in shown


def test_a_run_that_has_no_row_yet_is_not_shown(tmp_path: Path) -> None:
    write_log(tmp_path / "gail", "gail").write_text('{"name": "ga')
    assert watched_runs(tmp_path) == []


def test_where_nothing_was_trained_it_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DVC_ROOT", raising=False)
    main(None)  # type: ignore[arg-type]
    assert capsys.readouterr().out == f"{NOTHING}\n"


@pytest.mark.parametrize("begun", [True, False])
@pytest.mark.parametrize("terminal", [True, False])
def test_runs_are_followed_on_a_terminal_begun_or_not_and_told_once_elsewhere(
    begun: bool, terminal: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    looks = []

    def sleep(seconds: float) -> None:
        looks.append(seconds)
        if len(looks) == 2:
            raise KeyboardInterrupt

    folder = tmp_path / ".scratch" / "gail"
    folder.mkdir(parents=True)
    if begun:
        write_log(folder, "gail")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DVC_ROOT", raising=False)
    monkeypatch.setattr("sys.stdout.isatty", lambda: terminal)
    monkeypatch.setattr("gailpipe.watch.__main__.time.sleep", sleep)
    with FileLock(folder / LOCK), pytest.raises(KeyboardInterrupt) if terminal else nullcontext():
        main(None)  # type: ignore[arg-type]
    shown = capsys.readouterr().out
    assert len(looks) == 2 * terminal
    assert ("D right" in shown) == (terminal or begun)
    assert (NOTHING in " ".join(shown.split())) == (not begun)
    assert ("2,000 of 5,000 steps" in shown) == (begun and not terminal)


@pytest.mark.parametrize(
    ("values", "drawn"),
    [([], ""), ([3], "▁"), ([0, 7], "▁█"), ([0, 0, 7, 7], "▁█"), ([5, 5], "▁▁"), ([2, 0, 1], "█▁")],
)
def test_a_curve_is_as_wide_as_there_is_room_and_as_high_as_its_parts(values: list[float], drawn: str) -> None:
    assert curve(values, 2) == drawn
