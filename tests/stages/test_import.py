import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from tests.workspace import ROOT

PARAMS = """
seed: 0
evaluate: {episodes: 2}
import: {clip: false}
envs:
  my-push: {id: Pendulum-v1}
"""


def run(folder: Path, recording: str, *more: str) -> subprocess.CompletedProcess[str]:
    (folder / "params.yaml").write_text(PARAMS)
    command = [sys.executable, "-m", "stages.import", "--env", "my-push", "--recording", recording]
    command += ["--params", str(folder / "params.yaml"), "--out", str(folder / "d.parquet"), *more]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.fixture
def recording(tmp_path: Path) -> str:
    random = np.random.default_rng(0)
    observations, actions = random.normal(size=(400, 3)), random.uniform(-3, 3, (400, 1))
    ends = np.arange(400) % 200 == 199
    rewards, never = np.full(400, -0.5), np.zeros(400, bool)
    path = tmp_path / "push.npz"
    np.savez(path, observations=observations, actions=actions, rewards=rewards, terminals=never, timeouts=ends)
    return str(path)


def test_a_recording_becomes_demonstrations(tmp_path: Path, recording: str) -> None:
    refused = run(tmp_path, recording)
    assert refused.returncode == 1
    assert refused.stderr.startswith(f"error: {recording}: action: must lie between -2 and 2 for my-push, as executed")
    assert not (tmp_path / "d.parquet").exists()
    done = run(tmp_path, recording, "--set", "clip=true")
    assert done.returncode == 0, done.stderr
    assert done.stderr.endswith(
        "my-push: 2 trajectories, 400 pairs of 400 steps, mean return -100.0, 0% end before the time limit\n"
    )
    assert pl.read_parquet(tmp_path / "d.parquet")["action"].to_numpy().max() == 2


def test_help_shows_every_format_with_an_example() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "stages.import", "--help"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    for example in ("recordings/reach.hdf5", "recordings/reach.npz", "mujoco/hopper/expert-v0", "meta/info.json"):
        assert example in done.stdout
