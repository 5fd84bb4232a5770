"""Whether the rows of a recording are trajectories: their order, their ends, their lengths and their returns."""

from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from gailpipe.demonstrations.columns import conform
from gailpipe.demonstrations.rows import Rows, has_all, place_of, rows_of, unfinished
from gailpipe.demonstrations.table import with_single_precision
from gailpipe.envs.environment import Environment
from gailpipe.foundation.errors import UserError
from gailpipe.recordings.notes import note, note_ends, note_features, some

RETURN_TOLERANCE = 1e-3  # of a return, as a share of the sum of its rewards' magnitudes


def check_recording(path: Path, recorded: pl.DataFrame, environment: Environment, clip: bool) -> pl.DataFrame:
    """Return a recording as the table of demonstrations, with what follows from it filled in.

    An error is what would teach something wrong. What may well be meant is a line on stderr: a trajectory without an
    end or longer than the time limit, a feature that does not vary.

    Args:
        path: The recording, for what is said of it.
        recorded: Has trajectory, observation and action, and may have the others.
        environment: Whose pairs they are.
        clip: Whether actions beyond their bounds are clipped, and not refused.

    Raises:
        UserError: Names the file, the column, the trajectory and the step of what is wrong, and what would be right.
    """
    table = conform(path, recorded, environment, clip)
    rows = rows_of(path, table)
    _require_no_padding(path, table, rows)
    _require_ends_at_ends(path, table, rows)
    note_ends(path, table, rows, environment)
    table = _with_lengths_and_returns(path, table, rows, environment)
    table = _with_ends(_with_next_observations(path, table))
    note_features(path, table["observation"].to_numpy())
    return with_single_precision(table)


def _require_no_padding(path: Path, table: pl.DataFrame, rows: Rows) -> None:
    """Check that no rows of zeros fill trajectories up; where that may be so, say it."""
    actions = table["action"].to_numpy()
    zero = (table["observation"].to_numpy() == 0).all(1) & (actions.reshape(len(actions), -1) == 0).all(1)
    ended = (table["terminated"].fill_null(False) | table["truncated"].fill_null(False)).to_numpy()
    empty = [(number, at) for number, at in rows if zero[at].all()]
    if len(empty) < len(rows.ids) and sum(at.stop - at.start for _, at in empty) > 1:
        raise UserError(f"{path}: trajectory {empty[0][0]} holds zeros alone, as padding does; leave it out")
    doubtful = []
    for number, at in rows:
        zeros = int(zero[at][::-1].cumprod().sum())  # at the end
        if zeros and ended[at][:-zeros].any():
            row = at.start + int(ended[at].argmax())
            raise UserError(
                f"{path}: trajectory {number} ends in {place_of(table, row)}, but {zeros} rows of zeros come after "
                "it; they are padding: leave them out"
            )
        if zeros > 1:
            doubtful.append(number)
    if doubtful:
        note(f"{path}: rows of zeros at the end of trajectories {some(doubtful)}; leave them out if they are padding")


def _require_ends_at_ends(path: Path, table: pl.DataFrame, rows: Rows) -> None:
    """Check that no trajectory goes on after it ended."""
    for name in ("terminated", "truncated"):
        ended = table[name].fill_null(False).to_numpy().copy()  # (num_pairs,)
        ended[rows.last] = False
        if ended.any():
            row = int(ended.argmax())
            raise UserError(
                f"{path}: {name}: trajectory {table['trajectory'][row]} ends in {place_of(table, row)}, but goes on "
                "after it; number trajectories anew if two are in one, and leave padding out"
            )


def _with_lengths_and_returns(path: Path, table: pl.DataFrame, rows: Rows, environment: Environment) -> pl.DataFrame:
    """Fill in the lengths and returns that follow from whole trajectories, and check those that were given.

    A trajectory is whole if its steps count from 0 without a gap, unless its last step is known to be no end, or the
    given length is greater.
    """
    known = {name: _given(path, table, rows, name) for name in ("trajectory_length", "trajectory_return")}
    steps, rewards = table["step"].to_numpy(), table["reward"].to_numpy()
    goes_on = unfinished(table)
    ended = table["terminated"].fill_null(False) | table["truncated"].fill_null(False)
    for index, (number, at) in enumerate(rows):
        length = known["trajectory_length"][index]
        count = int(steps[at][-1]) + 1 if not table["step"].null_count() else at.stop - at.start
        if length < count or (length > count and ended[at.stop - 1] and not table["step"].null_count()):
            raise UserError(f"{path}: trajectory_length: is {length:g} in trajectory {number}, which has {count} steps")
        if table["step"].null_count() or not has_all(steps[at]) or length > count:
            continue
        if goes_on[at][-1] and count < environment.max_episode_steps and np.isnan(length):
            continue
        known["trajectory_length"][index] = count
        total = rewards[at].sum()  # NaN where a reward is not known
        given = known["trajectory_return"][index]
        if abs(given - total) > RETURN_TOLERANCE * np.abs(rewards[at]).sum() + 1e-6:
            raise UserError(
                f"{path}: trajectory_return: is {given:g} in trajectory {number}, whose rewards have the sum {total:g}"
            )
        known["trajectory_return"][index] = total if np.isnan(given) else given
    sizes = rows.last - rows.first + 1
    filled = {name: pl.Series(np.repeat(values, sizes)).fill_nan(None) for name, values in known.items()}
    return table.with_columns(**{name: values.cast(table[name].dtype) for name, values in filled.items()})


def _given(path: Path, table: pl.DataFrame, rows: Rows, name: str) -> NDArray[np.float64]:
    """Return the one value that each trajectory has in a column, (trajectories,), NaN where it is not known."""
    values = table[name].cast(pl.Float64).to_numpy()
    for number, at in rows:
        different = np.flatnonzero(values[at] != values[at.start])
        if len(different) and not np.isnan(values[at]).all():
            shown = " and ".join(str(table[name][row]) for row in (at.start, at.start + int(different[0])))
            raise UserError(
                f"{path}: {name}: is {shown} in trajectory {number}; it belongs to the whole trajectory, so that it "
                "must be the same in all its rows"
            )
    return values[rows.first].copy()


def _with_ends(table: pl.DataFrame) -> pl.DataFrame:
    """Fill in whether whole trajectories terminated, where their last row tells."""
    terminated, truncated = (pl.col(name).last().over("trajectory") for name in ("terminated", "truncated"))
    told = pl.when(terminated).then(True).when(truncated).then(False)
    return table.with_columns(pl.coalesce("trajectory_terminated", told).alias("trajectory_terminated"))


def _with_next_observations(path: Path, table: pl.DataFrame) -> pl.DataFrame:
    """Fill in the next observations that are those of the next rows, if none are known; else compare them."""
    follows = (pl.col("trajectory").shift(-1) == pl.col("trajectory")) & (
        pl.col("step").shift(-1) == pl.col("step") + 1
    )
    if table["next_observation"].null_count() == table.height:
        return table.with_columns(next_observation=pl.when(follows).then(pl.col("observation").shift(-1)))
    known = table.select(follows.fill_null(False) & pl.col("next_observation").is_not_null()).to_series().to_numpy()
    rows = np.flatnonzero(known)  # whose next row has the next observation
    following, said = (
        table[name].to_numpy()[at].astype(np.float32)
        for name, at in (("observation", rows + 1), ("next_observation", rows))
    )
    unlike = table["trajectory"].to_numpy()[rows[(following != said).any(1)]]
    if len(unlike):
        numbers = some(list(dict.fromkeys(unlike.tolist())))
        note(
            f"{path}: next_observation: is not what the next row has in trajectories {numbers}; are rows out of order?"
        )
    return table
