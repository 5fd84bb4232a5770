"""The columns of a recording, as demonstrations have them: sizes, kinds and bounds of single rows."""

import sys
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from gailpipe.envs.spaces import ContinuousActions, DiscreteActions, Interface
from gailpipe.foundation.errors import UserError

ACTION_TOLERANCE = 1e-4  # for rounding, in units of half the range
LARGEST = 1e18  # of a number whose square single precision still holds
_FLAGS = {"true": True, "false": False, "1": True, "0": False, "1.0": True, "0.0": False}


def conform(path: Path, table: pl.DataFrame, environment: Interface, clip: bool) -> pl.DataFrame:
    """Return a recording with all columns of demonstrations in their types; what is not known is null.

    Args:
        path: The recording, for what is said of it.
        table: Has trajectory, observation and action, and may have the others.
        environment: Whose pairs they are.
        clip: Whether actions beyond their bounds are clipped, and not refused.

    Raises:
        UserError: Names the file, the column and the place of what is wrong.
    """
    if not table.height:
        raise UserError(f"{path}: holds no pair")
    stepped = "step" in table.columns and table["step"].null_count() < table.height
    ids = pl.DataFrame([_integers(path, table[name]) for name in ("trajectory", *(["step"] if stepped else []))])
    if not stepped:
        ids = ids.with_columns(step=pl.lit(None, pl.Int32))
    observations = _vectors(path, table, ids, "observation", environment.observation_dim, environment)
    columns = [
        *ids,
        _arrays("observation", observations),
        _actions(path, table, ids, environment, clip),
        _next_observations(path, table, ids, environment, observations.dtype),
        _floats(path, table, ids, "reward"),
        *(_flags(path, table, ids, name) for name in ("terminated", "truncated")),
        _floats(path, table, ids, "trajectory_return"),
        _lengths(path, table, ids),
        _flags(path, table, ids, "trajectory_terminated"),
    ]
    return pl.DataFrame(columns)


def place(ids: pl.DataFrame, row: int) -> str:
    """Say which pair stands in a row."""
    trajectory, step = ids["trajectory"][row], ids["step"][row]
    return f"trajectory {trajectory}, row {row}" if step is None else f"trajectory {trajectory}, step {step}"


def _vectors(
    path: Path, table: pl.DataFrame, ids: pl.DataFrame, name: str, size: int, environment: Interface
) -> NDArray:
    """Return a column as (num_pairs, size) finite numbers, in single precision if it is, else in double."""
    column = table[name]
    _refuse(path, ids, name, column.is_null().to_numpy(), "is null")
    kind = "numbers" if name != "action" or isinstance(environment.actions, ContinuousActions) else "integers"
    wanted = f"must be {f'vectors of {size} {kind}' if size > 1 else kind} for {environment.name}"
    if isinstance(column.dtype, pl.List):
        sizes = column.list.len().to_numpy()
        if (sizes != size).any():
            row = int((sizes != size).argmax())
            raise UserError(f"{path}: {name}: {wanted}, but has {sizes[row]} in {place(ids, row)}")
        column = column.list.to_array(size)
    inner = column.dtype
    while isinstance(inner, pl.Array | pl.List):
        inner = inner.inner  # type: ignore[assignment]
    if not (inner.is_numeric() or inner == pl.Boolean) or isinstance(column.dtype, pl.List):
        raise UserError(f"{path}: {name}: {wanted}, but is {table[name].dtype}")
    nested = isinstance(column.dtype, pl.Array)
    if nested and column.explode(empty_as_null=False).null_count():
        missing = [one is None or None in one for one in column.to_list()]
        _refuse(path, ids, name, np.array(missing), "holds a null")
    values = column.to_numpy()
    values = values.reshape(len(values), -1)
    if values.shape[1] != size:
        there = values.shape[1]
        raise UserError(f"{path}: {name}: {wanted}, but has {there}; are these demonstrations of another environment?")
    values = values.astype(np.float32 if values.dtype in (np.float32, np.float16) else np.float64)
    with np.errstate(invalid="ignore"):
        _refuse(path, ids, name, ~np.isfinite(values).all(1), "holds a NaN or an infinity")
        _refuse(path, ids, name, (np.abs(values) > LARGEST).any(1), f"holds a number beyond {LARGEST:g}")
    return values


def _next_observations(
    path: Path, table: pl.DataFrame, ids: pl.DataFrame, environment: Interface, dtype: np.dtype
) -> pl.Series:
    """Return what was observed after each pair, in the precision of observations; null where it is not known."""
    name, size = "next_observation", environment.observation_dim
    following = np.zeros((table.height, size), dtype)
    known = table[name].is_not_null() if name in table.columns else pl.Series([False] * table.height)
    if known.any():
        found = _vectors(path, table.filter(known), ids.filter(known), name, size, environment)
        following[known.to_numpy()] = found
    return pl.select(pl.when(known).then(_arrays(name, following)).alias(name)).to_series()


def _actions(path: Path, table: pl.DataFrame, ids: pl.DataFrame, environment: Interface, clip: bool) -> pl.Series:
    """Return actions as the environment executes them: flat vectors in single precision, or integers."""
    actions = environment.actions
    size = len(actions.low) if isinstance(actions, ContinuousActions) else len(actions.counts)
    values = _vectors(path, table, ids, "action", size, environment)
    if isinstance(actions, DiscreteActions):
        return _integer_actions(path, ids, values, actions, environment.name)
    clipped = values.clip(actions.low, actions.high)
    if clip:
        unlike = int((np.abs(clipped - values) > 0).any(1).sum())
        if unlike:
            print(f"{path}: clipped {unlike} of {len(values)} actions", file=sys.stderr, flush=True)
    else:
        try:
            _require_within_bounds(path, values, actions, environment.name)
        except UserError as error:
            raise UserError(f"{error} `clip: true` in recordings.{environment.name} clips them") from None
    return _arrays("action", clipped.astype(np.float32))


def _require_within_bounds(path: Path, values: NDArray, actions: ContinuousActions, env: str) -> None:
    """Check that actions (num_pairs, action_dim) lie between their bounds, up to rounding.

    Raises:
        UserError: Names the worst of them.
    """
    beyond = np.maximum(actions.low - values, values - actions.high)  # (num_pairs, action_dim)
    single = [np.spacing(np.abs(bound).astype(np.float32)) for bound in (actions.low, actions.high)]
    tolerance = np.nanmax([ACTION_TOLERANCE * actions.unit, *single], axis=0)  # (action_dim,)
    if not (beyond > tolerance).any():
        return
    pair, place = np.unravel_index((beyond / actions.unit).argmax(), beyond.shape)
    low, high, worst = actions.low[place], actions.high[place], values[pair, place]
    raise UserError(
        f"{path}: action: must lie between {low:g} and {high:g} for {env}, as executed, but is {worst:g} in row "
        f"{pair}, place {place}; are these other units, or a policy's outputs before they were clipped?"
    )


def _integer_actions(path: Path, ids: pl.DataFrame, values: NDArray, actions: DiscreteActions, env: str) -> pl.Series:
    start, counts = np.array(actions.start), np.array(actions.counts)
    spans = dict.fromkeys(f"{low} to {low + count - 1}" for low, count in zip(start, counts, strict=True))
    wrong = (values != np.round(values)) | (values < start) | (values >= start + counts)
    if wrong.any():
        row, column = np.unravel_index(wrong.argmax(), wrong.shape)
        raise UserError(
            f"{path}: action: must be an integer from {' or '.join(spans)} for {env}, but is "
            f"{values[row, column]:g} in {place(ids, int(row))}"
        )
    whole = values.astype(np.int64)
    return _arrays("action", whole) if actions.shape else pl.Series("action", whole[:, 0])


def _arrays(name: str, values: NDArray) -> pl.Series:
    """Return vectors (num_rows, size) as a column, even where there is one number in each."""
    kinds = {np.dtype(np.float32): pl.Float32, np.dtype(np.float64): pl.Float64, np.dtype(np.int64): pl.Int64}
    return pl.Series(name, np.ascontiguousarray(values), pl.Array(kinds[values.dtype], values.shape[1]))


def _integers(path: Path, column: pl.Series) -> pl.Series:
    """Return the numbers of trajectories or steps, in 32 bits if they fit."""
    if not column.dtype.is_integer() or column.null_count():
        raise UserError(f"{path}: {column.name}: must be an integer in each row, counting from 0")
    least, largest = int(column.to_numpy().min()), int(column.to_numpy().max())
    if least < 0:
        raise UserError(f"{path}: {column.name}: must count from 0, but is {least} in row {column.arg_min()}")
    large = largest >= 2**31
    if largest >= 2**63 or (large and column.name == "step"):
        raise UserError(f"{path}: {column.name}: {largest} is too large a number")
    return column.cast(pl.Int64 if large else pl.Int32)


def _floats(path: Path, table: pl.DataFrame, ids: pl.DataFrame, name: str) -> pl.Series:
    """Return a column of finite numbers; null where they are not known."""
    if name not in table.columns or table[name].null_count() == table.height:
        return pl.Series(name, [None] * table.height, pl.Float64)
    if not table[name].dtype.is_numeric():
        raise UserError(f"{path}: {name}: must be a number in each row, but is {table[name].dtype}")
    column = table[name].cast(pl.Float64)
    wrong = (column.fill_null(0).is_nan() | column.fill_null(0).abs().gt(LARGEST)).to_numpy()
    _refuse(path, ids, name, wrong, f"is no number up to {LARGEST:g}")
    return column


def _flags(path: Path, table: pl.DataFrame, ids: pl.DataFrame, name: str) -> pl.Series:
    """Return a column of true and false, which may be written as 1 and 0; null where it is not known."""
    if name not in table.columns:
        return pl.Series(name, [None] * table.height, pl.Boolean)
    column = table[name]
    if isinstance(column.dtype, pl.Array | pl.List):
        raise UserError(f"{path}: {name}: must be true or false in each row, but is {column.dtype}")
    text = column.cast(pl.String).str.strip_chars().str.to_lowercase()
    wrong = (text.is_not_null() & ~text.is_in([*_FLAGS])).to_numpy()
    _refuse(path, ids, name, wrong, "is neither true nor false")
    return text.replace_strict(_FLAGS, return_dtype=pl.Boolean).alias(name)


def _lengths(path: Path, table: pl.DataFrame, ids: pl.DataFrame) -> pl.Series:
    column = _floats(path, table, ids, "trajectory_length")
    known = column.fill_null(1)
    wrong = ((known != known.round()) | (known < 1) | (known >= 2**31)).to_numpy()
    _refuse(path, ids, "trajectory_length", wrong, "is no integer from 1")
    return column.cast(pl.Int32)


def _refuse(path: Path, ids: pl.DataFrame, name: str, wrong: NDArray, what: str) -> None:
    """Name the first row that is `wrong`, (num_pairs,), if there is one."""
    if wrong.any():
        row = int(wrong.argmax())
        raise UserError(f"{path}: {name}: {what} in {place(ids, row)}")
