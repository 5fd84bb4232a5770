"""Damaged recordings: each is read rightly, or refused in one sentence."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import polars as pl
import pytest

from gailpipe.envs.environment import Environment
from gailpipe.foundation.errors import UserError
from gailpipe.recordings.check import check_recording
from gailpipe.recordings.importing import import_recording
from tests.recordings import recorded
from tests.recordings.recorded import PUSH, TURN, WRITERS, environment, expected

RECORDINGS = 300
Generator = np.random.Generator


def flip(content: bytes, generator: Generator) -> bytes:
    damaged = bytearray(content)
    for place in generator.integers(len(content), size=generator.integers(1, 8)):
        damaged[place] ^= 1 << generator.integers(8)
    return bytes(damaged)


def cut(content: bytes, generator: Generator) -> bytes:
    return content[: generator.integers(len(content))]


def overwrite(content: bytes, generator: Generator) -> bytes:
    place = generator.integers(len(content))
    return content[:place] + generator.bytes(16) + content[place + 16 :]


DAMAGES_TO_BYTES = (flip, cut, overwrite)


def damage_bytes(recording: Path, generator: Generator) -> None:
    """Damage one file of a recording, or take it away."""
    files = sorted(path for path in recording.rglob("*") if path.is_file()) if recording.is_dir() else [recording]
    file = files[generator.integers(len(files))]
    if len(files) > 1 and generator.random() < 0.1:
        file.unlink()
        return
    damage = DAMAGES_TO_BYTES[generator.integers(len(DAMAGES_TO_BYTES))]
    file.write_bytes(damage(file.read_bytes(), generator))


def damage_columns(columns: dict[str, Any], generator: Generator) -> dict[str, Any]:
    """Damage a column or the rows of a recording: what people and scripts do to them."""
    names = list(columns)
    name = names[generator.integers(len(names))]
    values = np.array(columns[name])
    row, other = generator.integers(len(values), size=2)
    match generator.integers(9):
        case 0:
            return {key: column for key, column in columns.items() if key != name}
        case 1:
            return {key if key != name else f"{key}s": column for key, column in columns.items()}
        case 2:  # two rows of a column are swapped
            values[[row, other]] = values[[other, row]]
        case 3:  # of all columns
            order = generator.permutation(len(values))
            return {key: np.array(column)[order] for key, column in columns.items()}
        case 4:
            values = values.astype(float)
            values[row] = generator.choice([np.nan, np.inf, -np.inf, 1e300, -1e-300])
        case 5:
            kinds = (np.int8, np.float64, np.float16, np.bool_, np.complex64, np.uint64, "S8")
            values = values.astype(kinds[generator.integers(len(kinds))])
        case 6:
            return {key: np.concatenate([column, column]) for key, column in columns.items()}
        case 7:
            values = np.repeat(values.reshape(len(values), -1), 2, axis=1)
        case 8:
            values = values[: generator.integers(len(values))]
    return {**columns, name: values}


def write_columns(format_: str, folder: Path, env: Environment, generator: Generator) -> Path:
    """Write a recording with a damaged column, in a format that has columns."""
    path = folder / f"toy.{format_}"
    if format_ in ("npz", "hdf5"):
        columns = damage_columns(recorded.arrays(env), generator)
        if format_ == "npz":
            np.savez(path, **columns)
            return path
        with h5py.File(path, "w") as file:
            for name, values in columns.items():
                file[name] = values
        return path
    table = expected(env) if format_ == "parquet" else pl.read_csv(recorded.write_csv(folder, env))
    columns = damage_columns({name: table[name].to_numpy() for name in table.columns}, generator)
    size = max(map(len, columns.values()))
    padded = {name: [*values.tolist(), *[None] * (size - len(values))] for name, values in columns.items()}
    damaged = pl.DataFrame({name: pl.Series(name, plain(values), strict=False) for name, values in padded.items()})
    damaged.write_parquet(path) if format_ == "parquet" else flat(damaged).write_csv(path)
    return path


def plain(values: list[Any]) -> list[Any]:
    """Return values as tables can have them: no bytes, and no complex numbers."""
    if any(isinstance(value, list) for value in values):
        return [plain(value) if isinstance(value, list) else value for value in values]
    return [str(value) if isinstance(value, bytes | complex) else value for value in values]


def flat(table: pl.DataFrame) -> pl.DataFrame:
    return table.select(name for name in table.columns if not isinstance(table[name].dtype, pl.List))


WITH_COLUMNS = ("npz", "hdf5", "parquet", "csv")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, Environment], Path]:
    """Return a function that gives a whole recording in a format, written once."""
    written: dict[tuple[str, str], Path] = {}

    def give(name: str, env: Environment) -> Path:
        key = name, type(env.actions).__name__
        if key not in written:
            written[key] = WRITERS[name](tmp_path_factory.mktemp("whole"), env)
        return written[key]

    return give


def test_a_damaged_recording_is_read_rightly_or_refused(
    tmp_path: Path, whole: Callable[[str, Environment], Path]
) -> None:
    refusals: list[tuple[Path, str]] = []
    for number in range(RECORDINGS):
        generator = np.random.default_rng(number)
        name = list(WRITERS)[number % len(WRITERS)]
        env = environment(TURN if name == "imitation" or generator.random() < 0.5 else PUSH)
        folder, out = tmp_path / str(number), tmp_path / f"{number}.parquet"
        folder.mkdir()
        if name in WITH_COLUMNS and generator.random() < 0.7:
            recording = write_columns(name, folder, env, generator)
        else:
            origin = whole(name, env)
            recording = folder / origin.name
            shutil.copytree(origin, recording) if origin.is_dir() else shutil.copy(origin, recording)
            damage_bytes(recording, generator)
        try:
            import_recording(str(recording), env, False, out)
        except UserError as error:
            refusals.append((recording, str(error)))
            continue
        require_valid(pl.read_parquet(out), env, number)
    assert RECORDINGS // 2 < len(refusals) < RECORDINGS
    for recording, message in refusals:
        assert recording.name in message
        assert "\n" not in message
    assert len([*tmp_path.glob("*.parquet")]) == RECORDINGS - len(refusals)


def require_valid(table: pl.DataFrame, env: Environment, number: int) -> None:
    """Check that a table says nothing that can't be: another check of it changes nothing."""
    again = check_recording(Path("again.parquet"), table, env, False)
    assert again.equals(table), number
    assert table["observation"].dtype in (pl.Array(pl.Float32, 2), pl.Array(pl.Float64, 2)), number
    assert np.isfinite(table["observation"].to_numpy()).all(), number
    assert table.columns == expected(env).columns, number
