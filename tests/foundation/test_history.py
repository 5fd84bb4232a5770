"""Experiments that Git could not hand back."""

import argparse
from pathlib import Path

import pytest

from gailpipe.foundation.command import run


@pytest.mark.parametrize("inner", [".", "paper"])
def test_no_command_runs_for_an_experiment_in_a_copy_of_a_shallow_clone(
    inner: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clone = tmp_path / "clone"
    copy = clone / inner / ".dvc" / "tmp" / "exps" / "tmp123"
    for folder in (copy, clone / ".git"):
        folder.mkdir(parents=True)
    monkeypatch.setattr("sys.argv", ["stages.bc"])
    ran = []

    def run_in(folder: Path) -> None:
        monkeypatch.chdir(folder)
        run(lambda _: ran.append(folder), argparse.ArgumentParser())

    run_in(copy)
    (clone / ".git" / "shallow").touch()
    run_in(clone)
    with pytest.raises(SystemExit, match=r"clone.*: is a shallow clone, in which DVC would lose this experiment"):
        run_in(copy)
    assert ran == [copy, clone]
