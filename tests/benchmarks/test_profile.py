"""What the profile counts, by a clock of its own; no test asserts a time."""

from types import SimpleNamespace

import pytest

import benchmarks.profile
from benchmarks.profile import ACTIONS, PARTS, REST, ROWS, SHARE, Stopwatch, cell, total
from gailpipe.policies.policy import GaussianPolicy


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Return a clock of CPU seconds that stands still unless it is set."""
    clock = SimpleNamespace(now=100.0)
    monkeypatch.setattr(benchmarks.profile, "time", SimpleNamespace(process_time=lambda: clock.now))
    return clock


def test_what_a_part_calls_of_another_counts_there_alone(clock: SimpleNamespace) -> None:
    stopwatch = Stopwatch()

    def steps(seconds: float) -> float:
        clock.now += seconds
        return seconds

    inner = stopwatch.timed("inner", steps)

    def outer() -> float:
        clock.now += 1
        found = inner(4)
        clock.now += 2
        return found

    clock.now += 8
    assert stopwatch.timed("outer", outer)() == 4
    clock.now += 16
    stopwatch.lap()
    assert stopwatch.seconds == {REST: 24, "outer": 3, "inner": 4}


def test_what_fails_is_left_all_the_same(clock: SimpleNamespace) -> None:
    stopwatch = Stopwatch()

    def fail() -> None:
        clock.now += 2
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        stopwatch.timed("broken", fail)()
    clock.now += 1
    stopwatch.lap()
    assert stopwatch.seconds == {"broken": 2, REST: 1}


def test_every_part_is_a_function_of_the_code_and_has_a_row() -> None:
    assert all(callable(getattr(owner, name)) for owner, *names in PARTS.values() for name in names)
    assert callable(GaussianPolicy.sampler)
    assert set(ROWS) == {*PARTS, ACTIONS, REST}


def test_a_cell_has_the_share_of_all_parts() -> None:
    column = dict.fromkeys(ROWS, 1.0) | {"simulators": 6.0, SHARE: 0.5}
    assert total(column) == 5 + len(ROWS)
    assert cell(column, "simulators") == f"6.0 ({6 / (5 + len(ROWS)):.1%})"
