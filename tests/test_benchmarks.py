"""What benchmarks count, and how they fail; no test asserts a time."""

import time
from itertools import count, repeat
from pathlib import Path

import pytest

from gailpipe.benchmarks.learning import LEARNERS, TASKS, Snapshot, sustained
from gailpipe.benchmarks.learning import page as learning_page
from gailpipe.benchmarks.peer import run_peer
from gailpipe.benchmarks.runs import _speed
from gailpipe.benchmarks.speed import page, summarise
from gailpipe.foundation.errors import UserError

SPEEDS = {"random_actions": 40_000.4, "gail_side_by_side": 30_000.0, "gail_single": 20_000.0, "imitation": 3_000.0}


def test_speed_counts_what_is_done_between_the_warm_up_and_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = count()  # a second passes at each look
    monkeypatch.setattr(time, "perf_counter", lambda: float(next(clock)))
    assert _speed(repeat(7), seconds=20) == 7


def test_ratios_are_those_of_the_speeds() -> None:
    summary = summarise(SPEEDS)
    assert summary["random_actions"] == 40_000
    assert summary["share_of_ceiling"] == 0.75
    assert summary["times_imitation"] == 10
    assert "| Hopper-v5 | 40,000 | 30,000 | 20,000 | 3,000 | 0.75 | 10.0 |" in page({"Hopper-v5": summary}, 3, 20)


def test_a_missing_peer_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"--peer .*nowhere: is missing; `make .venv-imitation/installed` makes it"):
        list(run_peer(tmp_path / "nowhere"))


def test_the_goal_is_reached_where_no_later_snapshot_falls_below_it() -> None:
    scores = [0.95, 0.2, 0.9, 1.1, 0.92]
    snapshots = [Snapshot(50_000 * (i + 1), 10.0 * (i + 1), score) for i, score in enumerate(scores)]
    assert sustained(snapshots) == snapshots[2]
    assert sustained([*snapshots, Snapshot(300_000, 60.0, 0.89)]) is None
    assert sustained([]) is None


def test_a_run_that_never_gets_there_counts_as_longer_than_all_others() -> None:
    never, soon, late = [Snapshot(50_000, 30.0, 0.1)], [Snapshot(50_000, 10.0, 0.9)], [Snapshot(100_000, 20.0, 0.9)]
    names = [f"{task}/{learner}" for task in TASKS for learner in LEARNERS]
    runs = {f"{name}/{seed}": snapshots for name in names for seed, snapshots in enumerate((soon, never, late))}
    runs |= {f"Hopper-v5/imitation/{seed}": never for seed in range(2)}
    text = learning_page(runs, Path("params.yaml"))
    assert "| Hopper-v5 | GAIL | 2 of 3 | 20 | 100,000 |" in text
    assert "| Hopper-v5 | `imitation` | 1 of 3 | > 20 | – |" in text
