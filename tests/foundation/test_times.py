"""How long stages took: what goes on record, and when nothing does."""

import argparse
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from gailpipe.foundation.times import RECORDS, read_times, timed


@pytest.fixture
def arguments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> argparse.Namespace:
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    monkeypatch.setenv("DVC_STAGE", "gail@Hopper-v5")
    params = {"gail": {"env_steps": 100, "seeds": 3}, "envs": {"Hopper-v5": {"gail": {"env_steps": 200}}}}
    YAML().dump(params, tmp_path / "params.yaml")
    return argparse.Namespace(params=tmp_path / "params.yaml", env="Hopper-v5", set=["seeds=2"])


def test_seconds_are_on_record_with_the_settings_and_the_machine(tmp_path: Path, arguments: argparse.Namespace) -> None:
    with timed("gail", arguments):
        pass
    (record,) = read_times(tmp_path).values()
    assert list(read_times(tmp_path)) == ["gail@Hopper-v5"]
    assert record["settings"] == {"env_steps": 200, "seeds": 2}
    assert 0 <= record["seconds"] < 60
    assert record["cores"] >= 1
    assert record["processor"]


def test_what_goes_on_after_an_interruption_does_not_replace_the_record(
    tmp_path: Path, arguments: argparse.Namespace
) -> None:
    with timed("gail", arguments):
        pass
    before = read_times(tmp_path)
    with pytest.raises(KeyboardInterrupt), timed("gail", arguments):
        raise KeyboardInterrupt
    arguments.set = []
    with timed("gail", arguments):
        pass
    assert read_times(tmp_path) == before
    with timed("gail", arguments):
        pass
    assert read_times(tmp_path)["gail@Hopper-v5"]["settings"]["seeds"] == 3


def test_a_stage_without_settings_has_none(tmp_path: Path, arguments: argparse.Namespace) -> None:
    with timed("validate", argparse.Namespace(params=arguments.params)):
        pass
    assert read_times(tmp_path)["gail@Hopper-v5"]["settings"] == {}


def test_only_what_dvc_runs_is_on_record(
    tmp_path: Path, arguments: argparse.Namespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DVC_STAGE")
    with timed("gail", arguments):
        pass
    assert read_times(tmp_path) == {}


def test_where_nothing_can_be_written_the_stage_runs_all_the_same(
    tmp_path: Path, arguments: argparse.Namespace
) -> None:
    (tmp_path / RECORDS.parts[0]).touch()
    with timed("gail", arguments):
        pass
    assert read_times(tmp_path) == {}
