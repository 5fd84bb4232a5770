"""The grid's results, gathered: every number worked out by hand."""

import json
import shutil
from copy import deepcopy
from pathlib import Path

import polars as pl
import pytest

from gailpipe.evaluation.returns import MODES, SCHEMA
from gailpipe.foundation.errors import UserError
from gailpipe.foundation.params import read_params
from gailpipe.foundation.tables import write_table
from gailpipe.grid.cells import read_evaluations, require_cells
from gailpipe.grid.curves import crossings, learning_curves, mean_curves, smooth
from gailpipe.grid.original import OriginalResults
from gailpipe.grid.policies import gather, mean_scores, metrics, split
from tests.pipelines import ENV, Made, one_recorded, one_set, several_sets, write_evaluation
from tests.workspace import ROOT, write_params

NAMES = {ENV: "cartpole"}


@pytest.fixture
def several(tmp_path: Path) -> Made:
    return several_sets(tmp_path)


def gathered(made: Made) -> pl.DataFrame:
    return gather(made.params, made.data, read_evaluations(made.params, made.data / "results"), NAMES)


def test_every_policy_has_its_row(several: Made) -> None:
    results = gathered(several)
    found = results.group_by("demonstrations", "algorithm", "entropy_coefficient", maintain_order=True).len().rows()
    plain = [("bc", None, 2), ("fem", 0, 2), ("gail", 0, 2), ("gail", 0.01, 2), ("gail-bc", 0, 2), ("gtal", 0, 2)]
    whole = [("bc", None, 2), ("fem", 0, 2), ("gail", 0, 2), ("gtal", 0, 2)]
    assert found == [("CartPole-v1", *row) for row in plain] + [("CartPole-v1-full", *row) for row in whole]
    (row,) = results.filter(demonstrations="CartPole-v1", algorithm="gtal", run=1).rows(named=True)
    expected = {
        "task": "cartpole",
        "environment": "CartPole-v1",
        "algorithm": "gtal",
        "entropy_coefficient": 0,
        "trajectories": 2,
        "run": 1,
        "mean_return": 140,
        "std_return": 3,
        "episodes": 2,
        "stochastic_return": 110,
        "expert_return": 110,
        "random_return": 10,
        "normalized": 1.3,
        "env_steps": 1024,  # whole rollouts, of 4 × 64 steps
        "demonstrations": "CartPole-v1",
        "expert_standard_error": pytest.approx(10),
        "expert_deterministic_return": 214,
        "expert_stochastic_return": 90,
        "stochastic_normalized": 1,
        "shown_return": 110,
        "lost_episodes": 0,
    }
    assert (row, results.columns) == (expected, list(expected))
    assert results.filter(algorithm="bc")["env_steps"].unique().to_list() == [0]


def test_episodes_are_lost_that_gain_less_than_three_quarters_of_what_the_median_one_gains(tmp_path: Path) -> None:
    made = one_set(tmp_path)
    file = made.data / "results" / "evaluate-gail" / f"{ENV}.parquet"
    deterministic = (50, 30), (50, 39), (5, 3)  # of a seed; the median ones gain 30, 34.5 and −6 beyond 10
    rows = [
        ("gail", seed, mode, episode, returned, 5)
        for seed, returns in enumerate(deterministic)
        for mode in MODES
        for episode, returned in enumerate(returns)
    ]
    write_table(pl.DataFrame(rows, schema=SCHEMA, orient="row"), file)
    assert gathered(made).filter(algorithm="gail")["lost_episodes"].to_list() == [0.5, 0, None]


def test_what_was_shown_is_the_mean_of_the_trajectories_that_were_learned_from(tmp_path: Path) -> None:
    made = one_set(tmp_path)
    document = deepcopy(read_params(made.params))
    document["gail"]["trajs"] = 1
    write_params(document, made.params)
    shown = gathered(made).select("algorithm", "shown_return").unique().rows()
    assert sorted(shown) == [("bc", 110), ("dac", 110), ("gail", 100)]


def test_what_is_shown_of_policies_is_split_by_their_demonstrations_and_by_lambda(several: Made) -> None:
    original = OriginalResults(ROOT / "data" / "original").policies
    grid = split(gathered(several), original, has_sets=True)
    assert grid.learners == ["bc", "fem", "gtal", "gail", "gail-bc"]
    assert len(grid.sampled.ours) == 10
    assert len(grid.whole.ours) == 8
    assert grid.entropy.ours["entropy_coefficient"].to_list() == [0, 0, 0.01, 0.01]
    assert set(grid.entropy.original["environment"]) == {ENV}


def test_a_variant_has_the_steps_that_its_stage_sets_and_who_learns_off_policy_no_lambda(tmp_path: Path) -> None:
    made = one_set(tmp_path)
    write_evaluation(made.data / "results" / "evaluate-dac-states" / f"{ENV}.parquet", ["dac-states"])
    rows = gathered(made).filter(pl.col("algorithm").str.starts_with("dac"))
    found = rows.select("algorithm", "env_steps", "entropy_coefficient").unique(maintain_order=True).rows()
    assert found == [("dac", 256, None), ("dac-states", 20_000, None)]


def test_a_lambda_of_params_is_recorded_and_not_compared_with_another(tmp_path: Path) -> None:
    made = one_set(tmp_path)
    document = deepcopy(read_params(made.params))
    document["gail"]["causal_entropy"] = 0.5
    write_params(document, made.params)
    grid = split(gathered(made), OriginalResults(ROOT / "data" / "original").policies, has_sets=False)
    assert grid.plain.filter(algorithm="gail")["entropy_coefficient"].to_list() == [0.5, 0.5]
    assert len(grid.entropy.ours) == 0
    assert set(grid.sampled.original["algorithm"]) == {"bc"}
    assert set(metrics(grid.plain, has_sets=False)[ENV]) == {"random", "expert", "bc", "gail", "dac"}


def test_metrics_hold_the_numbers_worked_out_by_hand(tmp_path: Path) -> None:
    original = OriginalResults(ROOT / "data" / "original").policies
    grid = split(gathered(one_set(tmp_path)), original, has_sets=False)
    (entry,) = metrics(grid.plain, has_sets=False).values()
    assert entry["random"] == {"return": 10}
    assert entry["expert"] == {"return": 110, "deterministic_return": 210}
    assert {key: entry["gail"][key] for key in ("trajs", "seeds", "return")} == {"trajs": 2, "seeds": 2, "return": 170}
    assert entry["gail"]["normalized"] == pytest.approx(1.6)
    assert entry["gail"]["stochastic_return"] == 140
    assert entry["bc"]["normalized_ci95"] == pytest.approx([0.4 - 1.27062, 0.4 + 1.27062], abs=1e-5)  # Student's, of 2
    json.dumps(entry)


def test_metrics_of_several_sets_are_named_by_demonstrations_and_lambda(several: Made) -> None:
    entries = metrics(gathered(several), has_sets=True)
    assert list(entries) == [f"{ENV} from 2", f"{ENV}-full from 5"]
    learners = ["random", "expert", "bc", "fem", "gail", "gail, λ = 0.01", "gail-bc", "gtal"]
    assert list(entries[f"{ENV} from 2"]) == learners


def test_demonstrations_no_better_than_chance_give_no_scale(tmp_path: Path) -> None:
    made = one_set(tmp_path)
    table = pl.DataFrame({"trajectory": [0], "trajectory_return": [10.0]})
    write_table(table, made.data / "demonstrations" / f"{ENV}.parquet")
    ours = gathered(made)
    assert ours["normalized"].is_null().all()
    entry = metrics(ours, has_sets=False)[ENV]["gail"]
    assert (entry["normalized"], entry["normalized_ci95"], entry["return"]) == (None, None, 170)
    assert mean_scores(ours).is_empty()


def test_without_an_expert_the_demonstrations_own_returns_are_the_scale(tmp_path: Path) -> None:
    ours = gathered(one_recorded(tmp_path))
    assert ours["expert_return"].unique().to_list() == [110]
    assert ours["expert_deterministic_return"].is_null().all()
    assert ours["expert_stochastic_return"].is_null().all()
    entry = metrics(ours, has_sets=False)[ENV]
    assert entry["expert"] == {"return": 110, "deterministic_return": None}
    assert entry["gail"]["normalized"] == pytest.approx(1.6)


def test_recordings_of_which_a_return_is_unknown_give_no_scale(tmp_path: Path) -> None:
    made = one_recorded(tmp_path, (100.0, None))
    ours = gathered(made)
    for column in ("normalized", "stochastic_normalized", "expert_return", "expert_standard_error"):
        assert ours[column].is_null().all()
    entry = metrics(ours, has_sets=False)[ENV]
    assert (entry["random"], entry["expert"]["return"], entry["gail"]["return"]) == ({"return": 10}, None, 170)
    assert learning_curves(made.params, made.data, ours, smoothing=0.05)["normalized"].is_null().all()


def test_references_of_an_environment_that_is_missing_or_unknown_are_named(tmp_path: Path) -> None:
    made = one_set(tmp_path)
    file = made.data / "results" / "references" / f"{ENV}.parquet"
    file.rename(file.with_name("Ant-v5.parquet"))
    with pytest.raises(UserError, match="references: holds results of Ant-v5"):
        gathered(made)
    shutil.rmtree(file.parent)
    with pytest.raises(UserError, match=rf"evaluate-bc/{ENV}\.parquet: lacks the random policy"):
        gathered(made)


@pytest.mark.parametrize(
    ("policy", "mode", "message"),
    [
        ("random", "stochastic", "lacks the random policy"),
        ("expert", "stochastic", "must hold the same episodes of expert in both modes"),
        ("gail", "deterministic", "must hold the same episodes of gail in both modes"),
    ],
)
def test_an_evaluation_that_lacks_episodes_is_refused(several: Made, policy: str, mode: str, message: str) -> None:
    file = several.data / "results" / "evaluate" / "CartPole-v1-2.parquet"
    first = (pl.col("seed") == 0) | pl.col("seed").is_null()
    lacking = (pl.col("policy") == policy) & (pl.col("mode") == mode) & first
    write_table(pl.read_parquet(file).filter(~lacking), file)
    with pytest.raises(UserError, match=f"{file}: {message}"):
        gathered(several)


def test_a_missing_evaluation_is_named(several: Made) -> None:
    (several.data / "results" / "evaluate" / "CartPole-v1-2.parquet").unlink()
    with pytest.raises(UserError, match="evaluate: lacks results of CartPole-v1-2"):
        gathered(several)


def test_an_evaluation_that_no_set_names_is_refused(several: Made) -> None:
    write_evaluation(several.data / "results" / "evaluate" / "Ant-v5-4.parquet", ["bc", "gail"])
    with pytest.raises(UserError, match="evaluate: holds results of Ant-v5-4"):
        gathered(several)


def test_an_evaluation_of_nobody_that_is_known_is_refused(tmp_path: Path) -> None:
    made = one_set(tmp_path)
    file = made.data / "results" / "evaluate-gail" / f"{ENV}.parquet"
    write_evaluation(file, ["gail", "dagger"], means={"gail": 2.0, "dagger": 3.0})
    message = "evaluate-gail: holds policies of dagger, which the catalogue of learners lacks"
    with pytest.raises(UserError, match=message):
        gathered(made)
    write_evaluation(file.parent.with_name("evaluate-of-old") / file.name, ["gail"])
    write_evaluation(file, ["gail"])
    with pytest.raises(UserError, match="evaluate-of-old: holds gail's policies, which another folder has, too"):
        gathered(made)
    shutil.rmtree(file.parent.with_name("evaluate-of-old"))
    shutil.rmtree(file.parent)
    with pytest.raises(UserError, match="results: lacks evaluations of gail"):
        gathered(made)


def test_a_learner_without_sets_of_its_own_is_neither_asked_for_nor_taken_where_there_are_sets(several: Made) -> None:
    before = gathered(several)
    file = several.data / "results" / "evaluate-bc-plain" / f"{ENV}-2.parquet"
    write_evaluation(file, ["bc-plain"], expert=210.0)
    with pytest.raises(UserError, match="evaluate-bc-plain: holds results of CartPole-v1-2, which no parameter names"):
        gathered(several)
    shutil.rmtree(file.parent)
    assert gathered(several).equals(before)


def test_the_papers_mean_gail_score_is_reproduced_from_its_results() -> None:
    policies = OriginalResults(ROOT / "data" / "original").policies.filter(algorithm="gail", entropy_coefficient=0.0)
    means = policies.group_by("environment", "trajectories").agg(pl.col("normalized").mean())["normalized"].to_numpy()
    assert len(means) == 34
    assert means.mean() == pytest.approx(0.923, abs=5e-4)


def test_missing_paper_results_are_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"must hold returns\.csv, tasks\.csv and interactions\.csv"):
        OriginalResults(tmp_path)


def test_missing_and_left_over_cells_are_refused(tmp_path: Path) -> None:
    require_cells(tmp_path / "nothing", [])
    for name in ("Hopper-v5.parquet", "Ant-v5.parquet", ".gitignore"):
        (tmp_path / name).touch()
    require_cells(tmp_path, ["Hopper-v5", "Ant-v5"])
    with pytest.raises(UserError, match=r"holds results of Ant-v5, which no parameter names"):
        require_cells(tmp_path, ["Hopper-v5"])
    with pytest.raises(UserError, match="lacks results of Swimmer-v5"):
        require_cells(tmp_path, ["Hopper-v5", "Ant-v5", "Swimmer-v5"])


def test_the_steps_until_a_curve_first_reaches_a_score_are_those_of_all_runs_that_do() -> None:
    runs = {
        ("gail", 0): [0.1, 0.5, 0.4, 0.6],
        ("gail", 1): [0.5, 0.6, 0.7, 0.1],
        ("gail-bc", 0): [0.1, 0.2, 0.5, 0.4],
        ("gail-bc", 1): [0.1, 0.2, 0.6, 0.4],
    }
    rows = [
        ("A", 4, algorithm, seed, million_steps, score)
        for (algorithm, seed), scores in runs.items()
        for million_steps, score in enumerate(scores)
    ]
    rows += [("B", 4, "gail", 0, 0, 0.9)]
    schema = ("demonstrations", "trajectories", "algorithm", "seed", "million_steps", "normalized")
    assert crossings(pl.DataFrame(rows, schema=schema, orient="row")) == [
        {
            "demonstrations": "A",
            "trajectories": "4",
            "0.5: random": "0.00–1.00",
            "0.5: cloned first": "2.00",
            "0.7: random": "2.00 (1 of 2)",
            "0.7: cloned first": "never",
        }
    ]


def test_learning_curves_are_those_of_both_starts_on_the_scale_of_their_environment(several: Made) -> None:
    curves = learning_curves(several.params, several.data, gathered(several), smoothing=0.5)
    sampled, whole = (ENV, 2), (f"{ENV}-full", 5)
    keys = ("demonstrations", "trajectories", "algorithm", "million_steps", "normalized")
    assert curves.drop_nulls("normalized").select(keys).rows() == [
        (*sampled, "gail", 2, 0.1),
        (*sampled, "gail", 3, 0.1),
        (*sampled, "gail", 4, 0.3),
        (*whole, "gail", 2, 0.1),
        (*whole, "gail", 3, 0.1),
        (*whole, "gail", 4, 0.3),
        (*sampled, "gail-bc", 2, 0.1),
        (*sampled, "gail-bc", 3, 0.1),
        (*sampled, "gail-bc", 4, 0.2),
    ]


def test_who_replays_has_learning_curves_too(tmp_path: Path) -> None:
    made = one_set(tmp_path)
    curves = learning_curves(made.params, made.data, gathered(made), smoothing=0.05).filter(algorithm="dac", seed=1)
    assert curves.select("million_steps", "normalized").rows() == [(1, None), (2, 0.5), (3, 1)]


def test_who_replays_learns_from_sets_of_its_own(several: Made) -> None:
    sets = several.params.with_name("sets.yaml")
    document = deepcopy(read_params(sets))
    assert "dac" not in gathered(several)["algorithm"]
    document["off_policy_sets"] = {f"{ENV}-2": document["sets"][f"{ENV}-2"]}
    write_params(document, sets)
    with pytest.raises(UserError, match="results: lacks evaluations of dac"):
        gathered(several)
    write_evaluation(several.data / "results" / "evaluate-dac" / f"{ENV}-2.parquet", ["dac"], expert=217.0)
    found = gathered(several).filter(algorithm="dac")
    assert found.select("demonstrations", "trajectories", "mean_return", "env_steps").rows() == [
        (ENV, 2, 100, 256),
        (ENV, 2, 120, 256),
    ]


def test_a_smoothed_point_is_the_mean_of_a_share_of_the_run_around_it() -> None:
    steps = [(i + 1) * 1000.0 for i in range(5)]
    run = pl.DataFrame({"env_steps": steps, "kl": [0.01, 0.02, 0.03, 0.04, 0.05], "return": [None, 20.0, 30, 40, 50]})
    runs = pl.concat(run.with_columns(seed=pl.lit(seed)) for seed in range(3))
    smoothed = smooth(runs, 0.6).filter(seed=1)
    assert smoothed["million_steps"].to_list() == [0.001, 0.002, 0.003, 0.004, 0.005]
    assert smoothed["kl"].to_list() == pytest.approx([0.015, 0.02, 0.03, 0.04, 0.045])
    assert smoothed["return"].to_list() == [20, 25, 30, 40, 45]
    twice_as_long = pl.concat([runs, runs.with_columns(pl.col("env_steps") + 5000.0)]).sort("seed", "env_steps")
    smoothed = smooth(twice_as_long, 0.3).filter(seed=1)
    assert smoothed["kl"].to_list()[:5] == pytest.approx([0.015, 0.02, 0.03, 0.04, 0.1 / 3])


def test_what_dvc_plots_are_means_over_seeds(tmp_path: Path) -> None:
    made = one_set(tmp_path)
    ours = gathered(made)
    means = {"bc": 0.4, "dac": 1.0, "gail": 1.6}
    assert mean_scores(ours).rows() == [(ENV, learner, pytest.approx(mean)) for learner, mean in means.items()]
    curves = learning_curves(made.params, made.data, ours, smoothing=0.05)
    assert mean_curves(curves).rows() == [(ENV, 2, 20), (ENV, 3, 30), (ENV, 4, 40)]
