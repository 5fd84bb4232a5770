"""The stage and the command: the same bytes twice, a figure, and one sentence for what is wrong."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from gailpipe.foundation.params import load_section
from gailpipe.theory.metrics import bound
from gailpipe.theory.settings import Theory
from gailpipe.theory.write import write_theory
from tests.workspace import ROOT, tiny_params, write_params


@pytest.fixture(scope="module")
def params(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("theory") / "params.yaml"
    write_params(tiny_params(), path)
    return path


def test_the_same_seed_gives_the_same_bytes_and_every_law_holds(params: Path, tmp_path: Path) -> None:
    settings = load_section(params, Theory, "theory")
    for name in ("one", "two"):
        write_theory(settings, 0, tmp_path / name / "theory.json", tmp_path / name / "theory.svg")
    one, two = ({path.name: path.read_bytes() for path in (tmp_path / name).iterdir()} for name in ("one", "two"))
    assert one == two
    found = json.loads(one["theory.json"])
    assert max(value for law, value in found["laws"].items() if law != "conjugate_error") <= 1e-10
    assert found["growth_with_horizon"] == pytest.approx({"BC": 2, "GAIL": 1}, abs=0.15)
    assert b"prefers-color-scheme: dark" in one["theory.svg"]


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "gailpipe.theory", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_help_names_all_that_a_reader_may_change() -> None:
    done = run("--help")
    assert done.returncode == 0
    assert "usage: python -m gailpipe.theory" in done.stdout
    for name in Theory.model_fields:
        assert f"  {name} " in done.stdout


@pytest.mark.parametrize(
    ("setting", "sentence"),
    [
        ("discount=1.0", "--set discount: 1.0: input should be less than 1"),
        ("grid=2", "--set grid: 2: input should be greater than or equal to 3"),
        ("gamma=0.5", "--set gamma: is no known key"),
    ],
)
def test_a_wrong_setting_gets_one_sentence(params: Path, tmp_path: Path, setting: str, sentence: str) -> None:
    done = run("--params", params, "--set", setting, "--out", tmp_path / "out")
    assert (done.returncode, done.stderr) == (1, f"error: {sentence}\n")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(("error", "expected"), [(0.0, 1e-12), (3e-13, 1e-12), (2e-7, 1e-6), (-0.3, 1.0)])
def test_errors_are_rounded_up_to_powers_of_ten(error: float, expected: float) -> None:
    assert bound([0.0, error]) == expected
