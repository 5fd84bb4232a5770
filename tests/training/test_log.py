"""Logs of runs: what TensorBoard and `gailpipe.watch` read of a run that is interrupted, resumed, or short of disk."""

import errno
import json
import sys
from collections.abc import Iterator
from math import isnan, nan
from pathlib import Path
from typing import Any

import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from torch import nn

from gailpipe.training.checkpoint import Checkpoint, Metrics
from gailpipe.training.log import EVENTS, read_log
from gailpipe.training.metrics import follow, learning_curves

STEPS = 6


def training(checkpoint: Checkpoint, killed_after: int = STEPS, saves: int = STEPS) -> Iterator[Metrics]:
    """Yield a row for each of the steps that `checkpoint` lacks; the last `saves` are never reached by a saving."""
    for step in range(len(checkpoint.metrics) + 1, STEPS + 1):
        if step > killed_after:
            raise KeyboardInterrupt
        metrics = {"env_steps": 10 * step, "return": nan if step == 2 else step / 4, "expert_accuracy": 0.5}
        checkpoint.metrics.append(metrics)
        if step <= saves:
            checkpoint.save({"module": nn.LayerNorm(1)})
        yield metrics


def run(folder: Path, **kwargs: int) -> Checkpoint:
    checkpoint = Checkpoint(folder / "training")
    follow(training(checkpoint, **kwargs), "gail Hopper-v5", 10 * STEPS, "env_steps", checkpoint, seed=0)
    return checkpoint


def scalars(folder: Path, tag: str) -> list[tuple[int, float]]:
    accumulator = EventAccumulator(str(folder)).Reload()
    return [(event.step, event.value) for event in accumulator.Scalars(tag)]


def test_a_row_is_there_as_soon_as_it_arises(tmp_path: Path) -> None:
    checkpoint = Checkpoint(tmp_path / "training")
    seen = []

    def watched() -> Iterator[Metrics]:
        for metrics in training(checkpoint):
            yield metrics
            logged = read_log(tmp_path / "training.jsonl")
            assert logged is not None
            seen.append((len(logged.rows), len(scalars(tmp_path, "env_steps"))))

    follow(watched(), "gail", 10 * STEPS, "env_steps", checkpoint)
    assert seen == [(count, count) for count in range(1, STEPS + 1)]


def test_the_log_says_what_the_run_is_and_how_far(tmp_path: Path) -> None:
    run(tmp_path)
    logged = read_log(tmp_path / "training.jsonl")
    assert logged is not None
    assert logged[:4] == ("gail Hopper-v5 seed 0", 60, "env_steps", 0)
    assert [row["env_steps"] for row in logged.rows] == [10, 20, 30, 40, 50, 60]
    assert isnan(logged.rows[1]["return"])
    assert 0 <= logged.seconds < 60


def test_each_line_is_json_to_any_reader(tmp_path: Path) -> None:
    run(tmp_path)
    _, _, second, *_ = (tmp_path / "training.jsonl").read_text().splitlines()
    assert json.loads(second, parse_constant=pytest.fail)["return"] is None


def test_a_resumed_run_has_each_step_once_and_in_order(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, killed_after=5, saves=3)
    assert [step for step, _ in scalars(tmp_path, "env_steps")] == [10, 20, 30, 40, 50]
    checkpoint = run(tmp_path)
    logged = read_log(tmp_path / "training.jsonl")
    assert logged is not None
    assert logged.resumed == 30
    assert repr(logged.rows) == repr(checkpoint.metrics)
    assert scalars(tmp_path, "return") == [(10 * step, step / 4) for step in (1, 3, 4, 5, 6)]


def test_a_tensorboard_that_looks_on_drops_what_was_done_in_vain(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, killed_after=5, saves=3)
    accumulator = EventAccumulator(str(tmp_path)).Reload()
    run(tmp_path)
    steps = [event.step for event in accumulator.Reload().Scalars("env_steps")]
    assert steps == [10, 20, 30, 40, 50, 60]


def test_a_run_without_a_folder_writes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    checkpoint = Checkpoint()
    follow(training(checkpoint), "gail", 10 * STEPS, "env_steps", checkpoint)
    assert list(tmp_path.iterdir()) == []


def test_without_tensorboard_there_are_lines_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tensorboard.compat.proto.event_pb2", None)
    run(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"training", "training.jsonl"}


def test_a_broken_tensorboard_is_said_and_the_run_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "tensorboard").mkdir()
    (tmp_path / "tensorboard" / "__init__.py").write_text("raise TypeError('Descriptors cannot be created directly')")
    monkeypatch.syspath_prepend(tmp_path)
    for name in [name for name in sys.modules if name.split(".")[0] == "tensorboard"]:
        monkeypatch.delitem(sys.modules, name)
    curves = learning_curves(run(tmp_path / "run"))
    assert curves["env_steps"].to_list() == [10, 20, 30, 40, 50, 60]
    assert {path.name for path in (tmp_path / "run").iterdir()} == {"training", "training.jsonl"}
    said = "TensorBoard is installed, but can't be imported: Descriptors cannot be created directly\n"
    assert capsys.readouterr().err.count(said) == 1


def test_a_run_is_named_by_the_stage_that_dvc_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DVC_STAGE", "bc-plain@Hopper-v5")
    run(tmp_path)
    logged = read_log(tmp_path / "training.jsonl")
    assert logged is not None
    assert logged.name == "bc-plain@Hopper-v5 seed 0"


@pytest.mark.parametrize("first", [True, False], ids=["at once", "later"])
def test_a_log_that_cant_be_written_ends_and_the_run_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], first: bool
) -> None:
    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("gailpipe.training.log.write_file" if first else "gailpipe.training.log._line", full)
    if not first:
        monkeypatch.setattr("gailpipe.training.log.Log._begin", lambda log, _: setattr(log, "_begun", True))
    curves = learning_curves(run(tmp_path))
    assert curves["env_steps"].to_list() == [10, 20, 30, 40, 50, 60]
    said = [line for line in capsys.readouterr().err.splitlines() if "log" in line]
    assert said == ["gail Hopper-v5 seed 0: has no log any more, but goes on: [Errno 28] No space left on device"]


def test_half_a_line_is_none(tmp_path: Path) -> None:
    path = tmp_path / "training.jsonl"
    path.write_text('{"name": "gail", "steps": 9, "clock": "step", "resumed": 0, "started": 1.0}\n')
    assert read_log(path) is None
    with path.open("a") as file:
        file.write('{"step": 1}\n{"step": 2, "ret')
    logged = read_log(path)
    assert logged is not None
    assert logged.rows == [{"step": 1}]


def test_only_the_events_of_the_last_process_are_kept(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, killed_after=5)
    run(tmp_path)
    earlier, last = sorted(tmp_path.glob(f"{EVENTS}*"))
    assert (earlier.read_bytes(), last.read_bytes()[:1]) == (b"", b"\x18")


def test_a_log_draws_no_random_number(tmp_path: Path) -> None:
    torch.manual_seed(0)
    state = torch.get_rng_state()
    run(tmp_path)
    assert torch.equal(torch.get_rng_state(), state)
