"""What benchmarks count, and how they fail; no test asserts a time."""

import time
from itertools import count, repeat
from pathlib import Path

import pytest

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
