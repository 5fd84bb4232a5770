"""Command lines as a user types them: help, and one sentence for what is wrong."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from gailpipe.envs.environment import find_environment
from gailpipe.foundation.progress import Progress
from gailpipe.foundation.tables import read_table
from gailpipe.policies.policy import make_policy
from gailpipe.policies.policy_file import policy_bytes
from tests.workspace import ROOT, tiny_params, write_params

STAGES = sorted(path.stem for path in (ROOT / "stages").glob("[a-z]*.py"))


def stage(name: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", f"stages.{name}", *map(str, arguments)],
        cwd=ROOT,
        env=os.environ | {"COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )


def one_sentence(done: subprocess.CompletedProcess[str]) -> str:
    """Return the error that a stage ended with: one line, status 1."""
    assert done.returncode == 1, done.stderr
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    return line.removeprefix("error: ")


@pytest.mark.parametrize("name", STAGES)
def test_every_stage_explains_itself(name: str) -> None:
    done = stage(name, "--help")
    assert done.returncode == 0
    assert f"usage: python -m stages.{name}" in done.stdout
    assert "--out" in done.stdout


@pytest.fixture
def params(tmp_path: Path) -> Path:
    write_params(tiny_params(), tmp_path / "params.yaml")
    return tmp_path / "params.yaml"


def test_an_unknown_environment_stops_validation_and_names_its_nearest_match(params: Path, tmp_path: Path) -> None:
    params.write_text(params.read_text().replace("Pendulum-v1", "Pendulun-v1"))
    error = one_sentence(stage("validate", "--params", params, "--out", tmp_path / "valid"))
    assert error.startswith("environment Pendulun-v1: Gymnasium has no Pendulun-v1; did you mean Pendulum-v1")
    assert not (tmp_path / "valid").exists()


def test_a_wrong_parameter_stops_a_stage_before_it_trains(params: Path, tmp_path: Path) -> None:
    params.write_text(params.read_text().replace("discount: 0.995", "discount: 2"))
    out = tmp_path / "expert"
    error = one_sentence(stage("expert", "--env", "CartPole-v1", "--params", params, "--out", out))
    assert error == f"{params}: expert.discount: 2: input should be less than or equal to 1"
    assert not out.exists()


def test_an_environment_that_neither_params_nor_gymnasium_have_is_named(params: Path, tmp_path: Path) -> None:
    error = one_sentence(stage("expert", "--env", "Ant-v9", "--params", params, "--out", tmp_path / "expert"))
    assert error.startswith("environment Ant-v9: Gymnasium has no Ant-v9; did you mean ")


@pytest.mark.parametrize("learner", ["bc", "gail", "dac"])
def test_missing_demonstrations_stop_a_learner(learner: str, params: Path, tmp_path: Path) -> None:
    common = ("--env", "CartPole-v1", "--params", params, "--out", tmp_path / "out")
    missing = tmp_path / "none.parquet"
    error = one_sentence(stage(learner, *common, "--demonstrations", missing))
    assert error == f"{missing}: there is no such file; `dvc pull` restores it, `dvc repro` makes it"


def test_an_expert_of_another_environment_is_refused(params: Path, tmp_path: Path) -> None:
    expert = tmp_path / "expert.safetensors"
    expert.write_bytes(policy_bytes(make_policy(find_environment("Acrobot-v1"), [8], 0.0, torch.Generator())))
    common = ("--env", "CartPole-v1", "--params", params)
    for name, policy in (("sample", ("--expert", expert)), ("film", ("--policy", f"Expert={expert}"))):
        error = one_sentence(stage(name, *common, *policy, "--out", tmp_path / "out"))
        assert error == f"{expert}: is a policy for Acrobot-v1, not for CartPole-v1"


def test_pairs_alone_are_the_same_without_what_was_observed_next(params: Path, tmp_path: Path) -> None:
    expert = tmp_path / "expert.safetensors"
    expert.write_bytes(policy_bytes(make_policy(find_environment("CartPole-v1"), [8], 0.0, torch.Generator())))
    common = ("--env", "CartPole-v1", "--params", params, "--expert", expert, "--set", "trajs=2")
    whole, pairs = tmp_path / "whole.parquet", tmp_path / "pairs.parquet"
    for out, flags in ((whole, ()), (pairs, ("--pairs-alone",))):
        assert stage("sample", *common, *flags, "--out", out).returncode == 0
    assert read_table(pairs, ()).equals(read_table(whole, ()).drop("next_observation"))
    tiny = ["--env", "CartPole-v1", "--set", "trajs=2", "--set", "steps=1", "--set", "validate_every=1"]
    learned = stage("bc", *tiny, "--params", params, "--demonstrations", pairs, "--out", tmp_path / "bc")
    assert learned.returncode == 0, learned.stderr


def test_progress_without_a_terminal_is_plain_lines(capsys: pytest.CaptureFixture[str]) -> None:
    with Progress("gail Hopper-v5 seed 0", 1000) as progress:
        progress.advance(600, {"return": 12.345})
        progress.advance(600, {"return": 34.5})
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("gail Hopper-v5 seed 0: 1,000 of 1,000 steps  ")
    assert line.endswith("00:00 left  return 34.5")


@pytest.mark.parametrize("name", STAGES)
def test_help_waits_for_no_library_that_computes(name: str) -> None:
    heavy = {"torch", "envpool", "mujoco", "polars", "scipy", "matplotlib", "seaborn", "dask"}
    code = f"import importlib, sys; importlib.import_module('stages.{name}'); print(*sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert not heavy & set(done.stdout.split())


def test_a_learner_without_a_directory_is_refused(params: Path, tmp_path: Path) -> None:
    common = ("--env", "CartPole-v1", "--params", params, "--out", tmp_path / "out")
    done = stage("evaluate", *common, "--learner", "data/bc/CartPole-v1")
    assert done.returncode == 2
    assert "'data/bc/CartPole-v1' must be NAME=DIRECTORY with a new name, such as bc=data/bc/Hopper-v5" in done.stderr
    for name in ("expert", "random", "demonstrations", ""):
        assert stage("evaluate", *common, "--learner", f"{name}=data/bc/CartPole-v1").returncode == 2
    twice = ("--learner", f"bc={tmp_path}") * 2
    assert stage("evaluate", *common, *twice).returncode == 2
