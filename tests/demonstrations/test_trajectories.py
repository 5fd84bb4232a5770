import polars as pl
import pytest

from gailpipe.demonstrations.trajectories import share_ended_early, summary, trajectories_of

LIMIT = 10


def table_of(**columns: list[object]) -> pl.DataFrame:
    return pl.DataFrame({"trajectory": [0, 0, 1, 2], **columns})


def test_a_trajectory_has_the_ends_that_its_steps_tell() -> None:
    whole = table_of(terminated=[False, True, False, False], truncated=[False, False, True, False])
    trajectories = trajectories_of(whole)
    assert trajectories["pairs"].to_list() == [2, 1, 1]
    assert trajectories["terminated"].to_list() == [True, False, False]
    assert trajectories["truncated"].to_list() == [False, True, False]
    assert share_ended_early(trajectories, LIMIT) == 0.5  # of the last one nothing is known
    assert share_ended_early(trajectories.tail(2), LIMIT) is None  # of most of these, too


def test_where_the_last_step_is_missing_the_length_tells_the_end() -> None:
    subsampled = table_of(trajectory_length=[10, 10, 3, 4], terminated=[False] * 4, truncated=[False] * 4)
    assert share_ended_early(trajectories_of(subsampled), LIMIT) == pytest.approx(2 / 3)


def test_an_end_by_a_time_limit_of_the_environments_own_is_not_early() -> None:
    lasted = table_of(trajectory_length=[3] * 4, trajectory_terminated=[False] * 4, truncated=[False] * 4)
    assert share_ended_early(trajectories_of(lasted), LIMIT) == 0.0


def test_nothing_is_known_of_pairs_alone() -> None:
    trajectories = trajectories_of(table_of())
    assert share_ended_early(trajectories, LIMIT) is None
    assert summary(trajectories) == "3 trajectories, 4 pairs, unknown returns"


def test_a_summary_counts_trajectories_pairs_and_steps_and_averages_returns() -> None:
    known = table_of(trajectory_length=[1000, 1000, 500, 500], trajectory_return=[1.0, 1.0, 2.0, 6.0])
    assert summary(trajectories_of(known)) == "3 trajectories, 4 pairs of 2,000 steps, mean return 3.0"
    assert summary(trajectories_of(known).head(1)) == "1 trajectory, 2 pairs of 1,000 steps, mean return 1.0"
