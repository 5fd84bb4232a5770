from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from gymnasium.spaces import Box
from polars.testing import assert_frame_equal

from gailpipe.demonstrations.demonstrations import load_demonstrations
from gailpipe.demonstrations.sampling import tabulate
from gailpipe.envs.environment import Environment
from gailpipe.envs.episodes import Episode
from gailpipe.envs.spaces import DiscreteActions
from gailpipe.foundation.errors import UserError
from gailpipe.foundation.tables import write_table
from gailpipe.recordings.check import check_recording
from tests.recordings.recorded import PUSH, environment, expected

PATH = Path("reach.parquet")


def checked(table: pl.DataFrame, env: Environment, clip: bool = False) -> pl.DataFrame:
    return check_recording(PATH, table, env, clip)


def refuses(table: pl.DataFrame, message: str, env: Environment | None = None) -> None:
    with pytest.raises(UserError) as refused:
        checked(table, env or environment())
    assert str(refused.value).startswith(f"reach.parquet: {message}")


def changed(name: str, row: int, value: Any, env: Environment | None = None) -> pl.DataFrame:
    """Return the recording with another value in a row of a column."""
    table = expected(env or environment())
    values = table[name].to_list()
    values[row] = value
    kind = pl.List(pl.Float64) if isinstance(table[name].dtype, pl.Array) else None
    return table.with_columns(pl.Series(name, values, kind, strict=False))


def test_what_is_right_stays_as_it_is() -> None:
    for env in (environment(), environment(PUSH)):
        assert_frame_equal(checked(expected(env), env), expected(env))


def test_what_follows_is_filled_in() -> None:
    table = expected(environment())
    bare = table.drop("next_observation", "trajectory_return", "trajectory_length")
    filled = checked(bare, environment())
    last = pl.col("step") == pl.col("trajectory_length") - 1
    assert_frame_equal(filled, table.with_columns(pl.when(~last).then("next_observation")))


def test_subsampled_trajectories_keep_what_they_say_and_nothing_is_made_up(capsys: pytest.CaptureFixture[str]) -> None:
    env = environment(max_episode_steps=50)
    observations = np.random.default_rng(0).normal(size=(31, 2)).astype(np.float32)
    episode = Episode(observations, np.arange(30) % 3, np.ones(30), True, False)
    table = tabulate([episode] * 3, 7, np.random.default_rng(0))
    assert_frame_equal(checked(table, env), table)
    unknown = checked(table.drop("trajectory_return", "trajectory_length", "next_observation"), env)
    for name in ("trajectory_return", "trajectory_length", "next_observation"):
        assert unknown[name].null_count() == table.height
    assert capsys.readouterr().err == ""


def test_two_recordings_put_into_one_file_are_refused() -> None:
    twice = pl.concat([expected(environment())] * 2)
    refuses(twice, "trajectory 0 has step 0 twice; number trajectories anew")
    refuses(twice.drop("step"), "trajectory 0 comes back in row 5, after trajectory 1; sort the rows, or number")


def test_steps_are_in_order() -> None:
    table = expected(environment())
    refuses(table[[0, 2, 1, 3, 4]], "trajectory 0: step 1 comes after step 2; sort the rows")
    refuses(changed("step", 1, -1), "step: must count from 0, but is -1 in row 1")
    refuses(changed("step", 1, None), "step: must be an integer in each row")
    refuses(table.with_columns(pl.col("trajectory").cast(pl.Float64)), "trajectory: must be an integer in each row")


def test_actions_in_other_units_are_refused_unless_they_are_clipped(capsys: pytest.CaptureFixture[str]) -> None:
    env = environment(PUSH)
    table = expected(env)
    large = table.with_columns(action=pl.Series(50 * table["action"].to_numpy(), dtype=pl.Array(pl.Float32, 2)))
    refuses(large, "action: must lie between -2 and 2 for Toy-v0, as executed, but is 100 in row 0, place 1; are", env)
    actions = checked(large, env, clip=True)["action"].to_list()
    assert actions == [[1, 2], [-1, 0], [1, -2], [1, 2], [0, -2]]
    assert "reach.parquet: clipped 5 of 5 actions\n" in capsys.readouterr().err


def test_rounding_is_no_other_unit() -> None:
    env = environment(PUSH)
    table = changed("action", 0, [1.00005, 2.0], env)
    assert checked(table, env)["action"][0].to_list() == [1, 2]


def test_integers_are_those_of_the_environment() -> None:
    refuses(
        changed("action", 2, 3), "action: must be an integer from 0 to 2 for Toy-v0, but is 3 in trajectory 0, step 2"
    )
    refuses(
        changed("action", 2, -1), "action: must be an integer from 0 to 2 for Toy-v0, but is -1 in trajectory 0, step 2"
    )
    halves = expected(environment()).with_columns(pl.col("action") / 2)
    refuses(halves, "action: must be an integer from 0 to 2 for Toy-v0, but is 0.5 in trajectory 0, step 1")
    whole = expected(environment()).with_columns(pl.col("action").cast(pl.Float32))
    assert_frame_equal(checked(whole, environment()), expected(environment()))


def test_integers_keep_their_start_and_several_are_vectors(tmp_path: Path) -> None:
    turns = environment(DiscreteActions((3,), (5,), (), np.dtype(np.int64)))
    table = expected(environment()).with_columns(pl.col("action") + 5)
    assert checked(table, turns)["action"].to_list() == [5, 6, 7, 5, 6]
    both = environment(DiscreteActions((3, 2), (0, 1), (2,), np.dtype(np.int64)))
    pairs = pl.Series([[0, 1], [1, 2], [2, 1], [0, 2], [1, 1]])
    clean = checked(expected(environment()).with_columns(action=pairs), both)
    assert clean["action"].dtype == pl.Array(pl.Int64, 2)
    write_table(clean, tmp_path / "d.parquet")
    actions = load_demonstrations(tmp_path / "d.parquet", both, 2).actions
    assert actions.tolist() == [[0, 0], [1, 1], [2, 0], [0, 1], [1, 0]]


@pytest.mark.parametrize("name", ["observation", "action", "next_observation"])
def test_every_number_is_there_and_finite(name: str) -> None:
    env = environment(PUSH)
    for value, message in (
        ([float("nan"), 0.0], "holds a NaN or an infinity in trajectory 0, step 1"),
        ([float("inf"), 0.0], "holds a NaN or an infinity in trajectory 0, step 1"),
        ([1e30, 0.0], "holds a number beyond 1e+18 in trajectory 0, step 1"),
        ([None, 0.0], "holds a null in trajectory 0, step 1"),
        ([0.0], "must be vectors of 2 numbers for Toy-v0, but has 1 in trajectory 0, step 1"),
    ):
        refuses(changed(name, 1, value, env), f"{name}: {message}", env)
    if name != "next_observation":
        refuses(changed(name, 1, None, env), f"{name}: is null in trajectory 0, step 1", env)


def test_sizes_and_kinds_are_the_environments() -> None:
    refuses(
        expected(environment()),
        "observation: must be vectors of 3 numbers for Toy-v0, but has 2; are these",
        environment(space=Box(-1, 1, (3,))),
    )
    refuses(expected(environment()), "action: must be vectors of 2 numbers for Toy-v0, but has 1", environment(PUSH))
    text = expected(environment()).with_columns(observation=pl.lit("left"))
    refuses(text, "observation: must be vectors of 2 numbers for Toy-v0, but is String")
    refuses(expected(environment()).clear(), "holds no pair")


def test_rewards_and_flags_are_numbers_and_truths() -> None:
    refuses(changed("reward", 1, float("nan")), "reward: is no number up to 1e+18 in trajectory 0, step 1")
    refuses(expected(environment()).with_columns(reward=pl.lit("a")), "reward: must be a number in each row")
    maybe = expected(environment()).with_columns(terminated=pl.lit("maybe"))
    refuses(maybe, "terminated: is neither true nor false in trajectory 0, step 0")
    numbers = expected(environment()).with_columns(pl.col("terminated", "truncated").cast(pl.Int8))
    assert_frame_equal(checked(numbers, environment()), expected(environment()))


def test_rows_after_an_end_are_refused() -> None:
    refuses(changed("terminated", 1, True), "terminated: trajectory 0 ends in step 1, but goes on after it; number")
    refuses(changed("truncated", 3, True), "truncated: trajectory 1 ends in step 0, but goes on after it; number")


def padded(count: int, known: bool = True) -> pl.DataFrame:
    table = expected(environment()).filter(pl.col("trajectory") == 0)
    row = {"trajectory": 0, "observation": [0.0, 0.0], "action": 0, "next_observation": [0.0, 0.0], "reward": 0.0}
    rows = pl.DataFrame([{**row, "step": 3 + number} for number in range(count)], table.schema)
    whole = pl.concat([table, rows]).drop("trajectory_length", "trajectory_return")
    return whole if known else whole.drop("terminated", "truncated")


def test_padding_is_refused_where_it_is_sure_and_pointed_out_where_it_may_be(
    capsys: pytest.CaptureFixture[str],
) -> None:
    refuses(
        padded(2), "trajectory 0 ends in step 2, but 2 rows of zeros come after it; they are padding: leave them out"
    )
    checked(padded(2, known=False), environment())
    assert "rows of zeros at the end of trajectories 0; leave them out if they are padding\n" in capsys.readouterr().err
    zeros = padded(3)[3:].with_columns(trajectory=pl.lit(4))
    refuses(
        pl.concat([expected(environment())[:, :7], zeros[:, :7]], how="vertical_relaxed"),
        "trajectory 4 holds zeros alone",
    )


def test_a_trajectory_without_an_end_is_pointed_out(capsys: pytest.CaptureFixture[str]) -> None:
    open_ended = changed("terminated", 2, False).drop("trajectory_length", "trajectory_return")
    table = checked(open_ended, environment())
    assert table["trajectory_length"].to_list() == [None, None, None, 2, 2]
    assert (
        "reach.parquet: neither terminated nor truncated: trajectories 0; are they whole?\n" in capsys.readouterr().err
    )
    at_limit = checked(open_ended, environment(max_episode_steps=3))
    assert at_limit["trajectory_length"].to_list() == [3, 3, 3, 2, 2]
    checked(expected(environment()), environment(max_episode_steps=2))
    err = capsys.readouterr().err
    assert "whole" not in err
    assert "more steps than the 2 after which Toy-v0 ends: trajectories 0; are several in one?" in err


def test_lengths_and_returns_belong_to_whole_trajectories() -> None:
    refuses(
        changed("trajectory_length", 1, 4), "trajectory_length: is 3 and 4 in trajectory 0; it belongs to the whole"
    )
    refuses(
        changed("trajectory_return", 4, 2.0),
        "trajectory_return: is 1.0 and 2.0 in trajectory 1; it belongs to the whole",
    )
    table = expected(environment())
    refuses(
        table.with_columns(pl.lit(2).alias("trajectory_length")),
        "trajectory_length: is 2 in trajectory 0, which has 3 steps",
    )
    refuses(
        table.with_columns(pl.lit(9).alias("trajectory_length")),
        "trajectory_length: is 9 in trajectory 0, which has 3 steps",
    )
    refuses(
        table.with_columns(pl.lit(9.0).alias("trajectory_return")),
        "trajectory_return: is 9 in trajectory 0, whose rewards have the sum 3",
    )


def test_rows_that_do_not_follow_one_another_are_pointed_out(capsys: pytest.CaptureFixture[str]) -> None:
    checked(changed("next_observation", 0, [9.0, 9.0]), environment())
    assert "next_observation: is not what the next row has in trajectories 0; are" in capsys.readouterr().err


def test_features_that_say_nothing_are_pointed_out(capsys: pytest.CaptureFixture[str]) -> None:
    values = np.column_stack([np.full(5, 7.0), 1e6 + np.arange(5) * 1e-3])
    table = expected(environment()).drop("next_observation").with_columns(observation=pl.Series(values))
    assert checked(table, environment())["observation"].dtype == pl.Array(pl.Float64, 2)
    assert capsys.readouterr().err == (
        "reach.parquet: observation: features that never vary: 0\n"
        "reach.parquet: observation: features that vary by hardly more than single precision tells apart: 1\n"
    )
