"""Which stages start when, on which cores, and what is shown of them."""

import pytest

from gailpipe.cluster.order import Job, assign, by_urgency
from gailpipe.cluster.view import View
from gailpipe.plan.stages import Planned


def stage(name: str, cores: int = 1, seconds: float | None = None, upstream: tuple[str, ...] = ()) -> Planned:
    return Planned(name, "", seconds, cores, upstream)


def test_stages_get_the_cores_that_they_use_and_what_idles_beside_them() -> None:
    running = [Job(stage("bc"), "here", (0,), ())]
    ready = [stage("gail", cores=3), stage("sample"), stage("film")]
    assert assign(ready, {"here": range(5)}, running) == [
        Job(ready[0], "here", (1, 2, 3), ()),
        Job(ready[1], "here", (4,), ()),
    ]
    assert assign(ready[1:2], {"here": range(5)}, running) == [Job(ready[1], "here", (1,), (2, 3, 4))]


def test_a_stage_that_finds_too_few_cores_shares_those_of_its_place() -> None:
    many, later = stage("gail", cores=7), stage("sample")
    places = {"small": range(1), "large": range(4)}
    assert assign([many], places, []) == [Job(many, "large", (0, 1, 2, 3), ())]
    running = [Job(stage("bc"), "large", (2,), ())]
    assert assign([many, later], places, running) == [
        Job(many, "large", (0, 1, 3), (2,)),
        Job(later, "small", (0,), ()),
    ]
    assert assign([many], {}, []) == []


def test_the_stage_with_the_longest_rest_behind_it_comes_first() -> None:
    planned = [
        stage("short", seconds=5.0),
        stage("long", seconds=8.0),
        stage("first", seconds=1.0),
        stage("last", seconds=10.0, upstream=("first",)),
        stage("unknown"),  # 6 seconds, the mean
    ]
    assert [one.name for one in by_urgency(planned)] == ["first", "last", "long", "unknown", "short"]


def test_what_starts_ends_and_fails_is_a_line_each(capsys: pytest.CaptureFixture[str]) -> None:
    view = View([stage("expert", seconds=10.0), stage("sample"), stage("bc", upstream=("sample",)), stage("theory")])
    with view.live:
        view.start("expert", "this machine, core 0")
        view.lose("expert", "tcp://a:1 was lost")
        view.wait()
        view.wait()
        view.start("expert", "this machine, core 1")
        view.finish("expert")
        view.start("sample", "this machine, core 0")
        view.fail("sample", "[its log]", ["bc"])
        view.finish("theory")
    lines = capsys.readouterr().err.splitlines()
    assert lines[:4] == [
        "expert: runs on this machine, core 0",
        "expert: tcp://a:1 was lost; it runs again elsewhere",
        "no worker is left that could run stages; start some",
        "expert: runs on this machine, core 1",
    ]
    done = "expert: done after 00:00 on this machine, core 1; 1 of 4 done, 0 running, 3 left, about 00:25 to go"
    assert lines[4:] == [
        done,
        "sample: runs on this machine, core 0",
        "sample: [its log]",
        "bc: can't run, since sample failed",
        "theory: done without a run; 2 of 4 done, 2 failed, 0 running, 0 left",
    ]


def test_the_rest_is_guessed_by_the_plan_and_by_how_fast_it_went(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 0.0
    monkeypatch.setattr("gailpipe.cluster.view.time.monotonic", lambda: now)
    view = View([stage("restored", seconds=30.0), stage("expert", seconds=10.0), stage("sample", seconds=80.0)])
    view.finish("restored")
    view.start("expert", "core 0")
    now = 20.0  # twice what was planned
    view.finish("expert")
    assert capsys.readouterr().err.splitlines() == [
        "restored: done without a run; 1 of 3 done, 0 running, 2 left",
        "expert: runs on core 0",
        "expert: done after 00:20 on core 0; 2 of 3 done, 0 running, 1 left, about 01:31 to go",
    ]
