"""What the ends of demonstrated episodes mean."""

from pathlib import Path

import polars as pl
import pytest

from gailpipe.algorithms.gail.learner import make_reward
from gailpipe.algorithms.gail.settings import Gail
from gailpipe.foundation.errors import UserError
from gailpipe.foundation.params import load_section
from gailpipe.rewards.imitation import ends_on_success
from gailpipe.rl.on_policy.imitation import ImitationRun
from tests.environments import discrete_environment, in_gymnasium
from tests.workspace import ROOT


def run_of(setting: str) -> ImitationRun[Gail]:
    settings = load_section(ROOT / "params.yaml", Gail, "gail", assignments=[f"episodes_end_on_success={setting}"])
    environment = in_gymnasium(discrete_environment())
    return ImitationRun("gail", environment, Path("d.parquet"), settings, 0, make_reward)


def trajectories(*ended: bool | None) -> pl.DataFrame:
    columns = {"terminated": list(ended), "truncated": [None if end is None else not end for end in ended]}
    return pl.DataFrame(columns, schema={"terminated": pl.Boolean, "truncated": pl.Boolean}).with_columns(
        trajectory_length=pl.lit(None, pl.Int32), trajectory_terminated=pl.lit(None, pl.Boolean)
    )


@pytest.mark.parametrize(
    ("ended", "decision"), [((True, True, False), True), ((True, False), False), ((False,), False)]
)
def test_auto_takes_ends_for_success_where_most_demonstrations_end_early(
    ended: tuple[bool, ...], decision: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ends_on_success(run_of("auto"), trajectories(*ended)) is decision
    pays = "makes the policy end its episodes" if decision else "pays for living on"
    assert f"end before the time limit, so the reward {pays}" in capsys.readouterr().err


def test_auto_needs_to_know_how_demonstrations_end() -> None:
    message = r"d\.parquet: has no trajectory_terminated.*set gail\.episodes_end_on_success to true or false"
    with pytest.raises(UserError, match=message):
        ends_on_success(run_of("auto"), trajectories(None))
    assert ends_on_success(run_of("true"), trajectories(None)) is True


def test_a_setting_that_demonstrations_contradict_is_kept_and_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert ends_on_success(run_of("false"), trajectories(True, True, True, False)) is False
    said = capsys.readouterr().err
    assert "75% of the trajectories end before the time limit" in said
    assert "gail.episodes_end_on_success: false pays for living on" in said
    assert ends_on_success(run_of("true"), trajectories(False)) is True
    assert "gail.episodes_end_on_success: true makes the policy end its episodes" in capsys.readouterr().err
    assert ends_on_success(run_of("true"), trajectories(True)) is True
    assert capsys.readouterr().err == ""
