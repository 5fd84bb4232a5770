"""Experiments that Git could not hand back."""

import argparse
import subprocess
from pathlib import Path

import pytest

from gailpipe.foundation.command import run


@pytest.mark.parametrize("inner", [".", "paper"])
@pytest.mark.parametrize("worktree", [False, True])
def test_no_command_runs_for_an_experiment_in_a_copy_of_a_shallow_clone(
    inner: str, worktree: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clone = tmp_path / "clone"
    clone.mkdir()
    monkeypatch.chdir(clone)
    git("init", "--quiet")
    git("-c", "user.name=Test", "-c", "user.email=test@example.org", "commit", "--quiet", "--allow-empty", "-m", "one")
    root = tmp_path / "beside" if worktree else clone
    if worktree:
        git("worktree", "add", "--quiet", str(root))
    copy = root / inner / ".dvc" / "tmp" / "exps" / "tmp123"
    copy.mkdir(parents=True)
    monkeypatch.setattr("sys.argv", ["stages.bc"])
    ran = []

    def run_in(folder: Path) -> None:
        monkeypatch.chdir(folder)
        run(lambda _: ran.append(folder), argparse.ArgumentParser())

    run_in(copy)
    (clone / ".git" / "shallow").write_text(git("rev-parse", "HEAD"))
    run_in(root)
    with pytest.raises(SystemExit, match=rf"{root}.*: is a shallow clone, in which DVC would lose this experiment"):
        run_in(copy)
    assert ran == [copy, root]


def git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], check=True, capture_output=True, text=True).stdout
