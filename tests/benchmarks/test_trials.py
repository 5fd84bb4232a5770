"""Trials: what is run, with which settings and seeds, and what the table then says."""

import argparse
import os
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import numpy as np
import polars as pl
import pytest

import benchmarks.trials
from benchmarks.trials import Trial, main, returns_of
from gailpipe.algorithms.bc.learner import learn_bc
from gailpipe.algorithms.bc.settings import Bc
from gailpipe.cluster.leash import StageFailedError
from gailpipe.demonstrations.sampling import tabulate
from gailpipe.envs.environment import find_environment
from gailpipe.envs.episodes import Episode
from gailpipe.evaluation.candidates import evaluate_learners
from gailpipe.evaluation.returns import SCHEMA
from gailpipe.foundation.errors import UserError
from gailpipe.foundation.params import load_section
from gailpipe.foundation.tables import read_table, write_table
from tests.workspace import tiny_params, write_params

HEAD = "| environment | algorithm | setting tried | runs | scores | verdict |\n|---|---|---|---|---|---|\n"


def returns(policy: str, deterministic: float, stochastic: float) -> pl.DataFrame:
    """Return two episodes in each mode, around these means."""
    means = {"deterministic": deterministic, "stochastic": stochastic}
    rows = [(policy, 0, mode, n, mean + 2 * n - 1, 9) for mode, mean in means.items() for n in range(2)]
    return pl.DataFrame(rows, SCHEMA, orient="row")


@pytest.fixture
def pipeline(tmp_path: Path) -> Path:
    """Return a pipeline whose random policy makes 100, and its expert 300 without and 200 with noise."""
    write_params(tiny_params(), tmp_path / "params.yaml")
    references = pl.concat([returns("random", 0, 100), returns("expert", 300, 200)])
    write_table(references, tmp_path / "data" / "results" / "references" / "CartPole-v1.parquet")
    return tmp_path


def arguments(pipeline: Path, *settings: str, seeds: tuple[int, ...] = (7, 8)) -> argparse.Namespace:
    table = pipeline / "trials.md"
    if not table.exists():
        table.write_text(HEAD)
    return argparse.Namespace(
        learner="bc", env=["CartPole-v1"], setting=list(settings), seed=list(seeds), pipeline=pipeline, table=table
    )


def rows(pipeline: Path) -> list[str]:
    """Return what was added to the table, without the digits that stand for all settings."""
    lines = (pipeline / "trials.md").read_text().removeprefix(HEAD).splitlines()
    return [re.sub(r" \([0-9a-f]{6}\) \|", " |", line) for line in lines]


def test_each_setting_is_tried_once_with_each_seed_and_scored_against_the_expert_in_the_same_mode(
    pipeline: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = []

    def returns_of(trial: Trial, seed: int, *_: Any) -> pl.DataFrame:
        tried.append((trial.assignments, seed))
        return returns("bc", 100 + 20 * seed, 110 + 10 * seed)

    monkeypatch.setattr(benchmarks.trials, "returns_of", returns_of)
    main(arguments(pipeline, "dropout=0.3 steps=20"))
    assert sorted(tried) == [(("dropout=0.3", "steps=20"), 7), (("dropout=0.3", "steps=20"), 8)]
    row = f"| CartPole-v1 | BC | {pipeline}/params.yaml, dropout 0.3, steps 20 | 2 | 0.70 (0.80); 0.80 (0.90) | – |"
    assert rows(pipeline) == [row]
    main(arguments(pipeline, "dropout=0.3 steps=20", "", seeds=(9,)))
    assert tried[2:] == [((), 9)]
    assert rows(pipeline) == [row, f"| CartPole-v1 | BC | {pipeline}/params.yaml | 1 | 0.90 (1.00) | – |"]
    params = tiny_params()
    params["bc"]["batch_size"] = 64
    write_params(params, pipeline / "params.yaml")
    main(arguments(pipeline, "dropout=0.3 steps=20", seeds=(9,)))
    assert tried[3:] == [(("dropout=0.3", "steps=20"), 9)]


def test_a_trial_learns_by_the_stages_themselves_with_its_own_seed(pipeline: Path, tmp_path: Path) -> None:
    environment = find_environment("CartPole-v1")
    observations = np.random.default_rng(0).normal(size=(21, 4)).astype(np.float32)
    actions = (observations[:-1, 0] > 0).astype(int)
    episode = Episode(observations, actions, np.ones(20), True, False)
    table = tabulate([episode, episode], 1, np.random.default_rng(0))
    demonstrations = pipeline / "data" / "demonstrations" / "CartPole-v1.parquet"
    write_table(table, demonstrations)
    settings = load_section(pipeline / "params.yaml", Bc, "bc", assignments=["seeds=1", "steps=5"])
    learn_bc(environment, demonstrations, settings, 7, tmp_path / "learned")
    evaluate_learners(environment, {"bc": tmp_path / "learned"}, 2, 7, tmp_path / "returns.parquet")
    cores, (leash, _) = SimpleQueue[int](), os.pipe()
    cores.put(min(os.sched_getaffinity(0)))
    with ThreadPoolExecutor(1) as pool:  # since it pins its thread
        trial = Trial(pipeline, "CartPole-v1", "bc", ("steps=5",))
        found = pool.submit(returns_of, trial, 7, cores, leash).result()
    assert found.rows() == read_table(tmp_path / "returns.parquet", SCHEMA).rows()


def test_an_experts_trial_tells_returns(pipeline: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(benchmarks.trials, "returns_of", lambda *_: returns("expert", 5432.1, -7))
    main(argparse.Namespace(**vars(arguments(pipeline, "max_kl=0.01", seeds=(7,))) | {"learner": "expert"}))
    assert rows(pipeline) == [f"| CartPole-v1 | Expert | {pipeline}/params.yaml, max_kl 0.01 | 1 | 5,432 (−7) | – |"]


def test_a_trial_that_fails_leaves_the_others_their_rows(pipeline: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def returns_of(trial: Trial, seed: int, *_: Any) -> pl.DataFrame:
        if trial.assignments == ("steps=1",) and seed == 8:
            raise StageFailedError("broken")
        return returns("bc", 300, 200)

    monkeypatch.setattr(benchmarks.trials, "returns_of", returns_of)
    with pytest.raises(UserError, match=r"params.yaml, steps 1 \([0-9a-f]{6}\) \| broken$"):
        main(arguments(pipeline, "steps=1", "steps=2"))
    assert rows(pipeline) == [
        f"| CartPole-v1 | BC | {pipeline}/params.yaml, steps 2 | 2 | 1.00 (1.00); 1.00 (1.00) | – |"
    ]


def test_an_interruption_ends_what_runs_and_starts_nothing_more(
    pipeline: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def returns_of(trial: Trial, seed: int, cores: object, leash: int) -> pl.DataFrame:
        started.append(seed)
        if seed == 1:
            raise KeyboardInterrupt
        assert os.read(leash, 1) == b""  # as soon as nobody holds the other end
        raise StageFailedError("ended")

    started: list[int] = []
    monkeypatch.setattr(benchmarks.trials, "returns_of", returns_of)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1})
    with pytest.raises(KeyboardInterrupt):
        main(arguments(pipeline, seeds=(2, 1, 3, 4)))
    assert {1, 2} <= {*started} <= {1, 2, 3}


@pytest.mark.parametrize(
    ("settings", "seeds", "message"),
    [
        (["dropout=2"], (7,), "--set dropout: 2: "),
        (["dropuot=0"], (7,), "--set dropuot: "),
        ([], (7, 0), "--seed 0: is the pipeline's own; try others"),
    ],
)
def test_bad_settings_and_the_pipelines_seed_are_refused_before_anything_runs(
    pipeline: Path, settings: list[str], seeds: tuple[int, ...], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(benchmarks.trials, "returns_of", None)
    with pytest.raises(UserError, match=message):
        main(arguments(pipeline, *settings, seeds=seeds))
    assert (pipeline / "trials.md").read_text() == HEAD
