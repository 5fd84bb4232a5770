"""What `dvc repro` would run, why, and for how long."""

from argparse import Namespace
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from gailpipe.foundation.errors import UserError
from gailpipe.plan import __main__ as plan
from gailpipe.plan import stages
from gailpipe.plan.stages import Planned, planned_stages
from gailpipe.plan.stale import Stale
from gailpipe.plan.tracked import TRACKED, read_tracked, record
from tests.workspace import ROOT

DELETED = {"changed outs": {"data/gail/Hopper-v5": "deleted"}}
GAIL = "python -m stages.gail --env Hopper-v5 --set trajs=4 --out data/gail/Hopper-v5"


def stale(name: str, changes: list[Any], upstream: tuple[str, ...] = (), cmd: str = GAIL) -> Stale:
    outs = [SimpleNamespace(def_path=f"data/{name.replace('@', '/')}")]
    return Stale(SimpleNamespace(addressing=name, outs=outs, cmd=cmd), upstream, changes)


def planned(monkeypatch: pytest.MonkeyPatch, found: list[Stale], times: dict[str, Any], cores: int) -> list[Planned]:
    monkeypatch.setattr(stages, "stale_stages", lambda *_: found)
    repo: Any = None
    return planned_stages(repo, ["dvc.yaml"], times, cores)


def time_of(**settings: Any) -> dict[str, Any]:
    return {"gail@Hopper-v5": {"seconds": 100.0, "processor": "any", "cores": 2, "settings": settings}}


@pytest.mark.parametrize(
    ("env_steps", "seeds", "cores", "seconds"),
    [
        (1000, 3, 2, 100.0),
        (3000, 3, 2, 300.0),
        (1000, 6, 2, 200.0),
        (1000, 3, 3, 100 / 1.5),
        (1000, 3, 16, 100 / 1.5),  # a core for each run does not make it faster than one for three
        (1000, 1, 2, 100 / 1.5),
    ],
)
def test_a_time_is_scaled_by_the_budget_and_by_how_many_runs_share_a_core(
    monkeypatch: pytest.MonkeyPatch, env_steps: int, seeds: int, cores: int, seconds: float
) -> None:
    monkeypatch.setattr(stages, "read_section", lambda *_: {"env_steps": env_steps, "seeds": seeds})
    found = [stale("gail@Hopper-v5", ["changed command"])]
    (stage,) = planned(monkeypatch, found, time_of(env_steps=1000, seeds=3), cores)
    assert stage.seconds == pytest.approx(seconds)
    assert stage.cores == seeds


@pytest.mark.parametrize("wrong", [{"env_steps": "3M"}, {"env_steps": None}, {"seeds": "all"}, {"env_steps": -1}])
def test_settings_that_are_no_numbers_scale_nothing(monkeypatch: pytest.MonkeyPatch, wrong: dict[str, Any]) -> None:
    monkeypatch.setattr(stages, "read_section", lambda *_: {"env_steps": 1000, "seeds": 2} | wrong)
    (stage,) = planned(monkeypatch, [stale("gail@Hopper-v5", ["changed command"])], time_of(env_steps=1000, seeds=2), 2)
    assert stage.seconds == 100


def test_settings_are_those_that_the_command_will_load(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = []

    def read_section(*arguments: Any) -> dict[str, Any]:
        loaded.append(arguments)
        return {}

    monkeypatch.setattr(stages, "read_section", read_section)
    planned(monkeypatch, [stale("gail@Hopper-v5", ["changed command"])], time_of(), 2)
    assert loaded == [(Path("params.yaml"), "gail", "Hopper-v5", ["trajs=4"])]


@pytest.mark.parametrize("command", ["sleep 1", ["sleep 1", "sleep 2"], None])
def test_a_stage_that_is_no_module_uses_one_core(monkeypatch: pytest.MonkeyPatch, command: Any) -> None:
    (stage,) = planned(monkeypatch, [stale("nap", ["changed command"], cmd=command)], {}, 2)
    assert stage.cores == 1


def test_reasons_are_what_changed_and_not_what_other_stages_will_make(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    changed = {"params.yaml": {"gail.env_steps": "modified"}, "gailpipe/rl": "modified"}
    found = [
        stale("gail@Hopper-v5", [{"changed deps": changed}]),
        stale("evaluate@Hopper-v5", [{"changed deps": {"data/gail/Hopper-v5": "modified"}}], ("bc", "gail@Hopper-v5")),
        stale("report", [], ("gail@Hopper-v5", "evaluate@Hopper-v5")),
    ]
    assert [(stage.name, stage.reasons) for stage in planned(monkeypatch, found, {}, 2)] == [
        ("gail@Hopper-v5", "gail.env_steps, gailpipe/rl"),
        ("evaluate@Hopper-v5", "after gail@Hopper-v5"),
        ("report", "after evaluate@Hopper-v5"),
    ]


def test_more_than_three_reasons_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    changes = [{"changed deps": dict.fromkeys("abcde", "modified")}]
    (stage,) = planned(monkeypatch, [stale("gail@Hopper-v5", changes)], {}, 2)
    assert stage.reasons == "a, b, c and 2 more"


def test_a_result_that_the_cache_has_takes_no_time_and_one_that_it_lacks_is_unknown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(ROOT)
    lost = {"changed outs": {"data/bc/Hopper-v5": "not in cache"}}
    found = [stale("gail@Hopper-v5", [DELETED]), stale("bc@Hopper-v5", [lost])]
    assert [stage.seconds for stage in planned(monkeypatch, found, {}, 2)] == [0.0, None]


def test_the_sum_says_what_nobody_has_timed_and_where_the_rest_was(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(plan, "available_cores", lambda: 2)
    monkeypatch.setattr(plan, "processor", lambda: "this one")
    shown = [Planned("gail@Hopper-v5", "gail.trajs", 442.0), Planned("dac@Hopper-v5", "no result", None)]
    plan.show(shown, {"gail@Hopper-v5": {"processor": "another"}})
    assert capsys.readouterr().out.splitlines() == [
        "gail@Hopper-v5     07:22  gail.trajs",
        "dac@Hopper-v5          ?  no result",
        "",
        "2 stages: 07:22 one after another on 2 cores, and 1 that nobody has timed",
        "Of these 1 were timed on another; this is this one.",
        "`dvc pull --run-cache --allow-missing` restores the results that are stored; it comes first.",
    ]
    plan.show(shown[1:], {})
    assert "1 stages: 1 that nobody has timed" in capsys.readouterr().out.splitlines()


def test_recorded_times_keep_the_settings_that_scale_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert read_tracked() == {}
    record(time_of(env_steps=1000, seeds=3, discount=0.9))
    assert read_tracked() == time_of(env_steps=1000, seeds=3)


def test_times_of_stages_that_are_gone_are_not_recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    repo = SimpleNamespace(index=SimpleNamespace(stages=[SimpleNamespace(addressing="gail@Hopper-v5")]))
    times = time_of() | {"gone": time_of()["gail@Hopper-v5"]}
    monkeypatch.setattr(plan, "open_repository", lambda: nullcontext((repo, times)))
    monkeypatch.chdir(tmp_path)
    plan.main(Namespace(record=True))
    assert read_tracked() == time_of()


@pytest.mark.parametrize(("text", "wrong"), [("{", "is not valid JSON"), ("[]", "must be a mapping")])
def test_damaged_times_are_named(text: str, wrong: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    TRACKED.write_text(text)
    with pytest.raises(
        UserError, match=rf"^stage-times\.json: {wrong}.*; `git checkout stage-times\.json` restores it"
    ):
        read_tracked()


def test_the_times_that_travel_with_the_repository_can_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    assert {*read_tracked()["gail@Hopper-v5"]} == {"seconds", "processor", "cores", "settings"}
