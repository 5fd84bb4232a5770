"""The paper's pipeline, gathered: every number worked out by hand."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from gailpipe.paper.build import build_paper_report
from gailpipe.paper.curves import crossings, learning_curves
from gailpipe.paper.figures import entropy_figure, scores_figure
from gailpipe.paper.learning_figures import cloning_figure, learning_figure
from gailpipe.paper.page import page
from gailpipe.paper.results import EVALUATIONS, STARTS, Compared, Grid, gather, split
from gailpipe.paper.verdicts import verdicts
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PathCollection
from ruamel.yaml import YAML

from gailpipe.evaluation.returns import SCHEMA
from gailpipe.foundation.errors import UserError
from gailpipe.foundation.params import read_params
from gailpipe.foundation.tables import write_table
from gailpipe.grid.original import OriginalResults
from gailpipe.report.style import MARKERS, apply_style, save_svg
from gailpipe.rl.settings import Imitation
from tests.workspace import ROOT, tiny_params, write_params

NAMES = {"CartPole-v1": "cartpole"}
MEANS = {"bc": 40.0, "fem": 80.0, "gtal": 120.0, "gail": 160.0, "gail-bc": 60.0, "gail-entropy": 20.0}


@pytest.fixture
def params(tmp_path: Path) -> Path:
    one = {"env": "CartPole-v1", "demonstrations": "CartPole-v1", "trajs": 2}
    document = tiny_params() | {name: {"CartPole-v1-2": one} for name in ("sets", "filmed_sets")}
    del document["visits"]
    document["cloned_sets"] = {"CartPole-v1-2": one | {"cloning_steps": 10, "seeds": 2}}
    document["sets"]["CartPole-v1-full-5"] = {"env": "CartPole-v1", "demonstrations": "CartPole-v1-full", "trajs": 5}
    document["entropy_sets"] = {"CartPole-v1-2-1e-2": one | {"causal_entropy": 0.01}}
    del document["envs"]["Pendulum-v1"]
    imitation = {key: document["gail"][key] for key in Imitation.model_fields}
    document |= {"fem": imitation, "gtal": imitation | {"env_steps": 777}}
    document["envs"]["CartPole-v1"] |= {"fem": {}, "gtal": {}}
    write_params(document, tmp_path / "params.yaml")
    return tmp_path / "params.yaml"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    trajectories = pl.DataFrame({"trajectory": [0, 0, 1], "trajectory_return": [100.0, 100.0, 120.0]})
    write_table(trajectories, tmp_path / "data" / "demonstrations" / "CartPole-v1.parquet")
    evaluations: tuple[tuple[str, str, tuple[str, ...]], ...] = (
        ("evaluate", "CartPole-v1-2", ("bc", "gail")),
        ("evaluate", "CartPole-v1-full-5", ("bc", "gail")),
        ("evaluate-linear", "CartPole-v1-2", ("fem", "gtal")),
        ("evaluate-linear", "CartPole-v1-full-5", ("fem", "gtal")),
        ("evaluate-cloned", "CartPole-v1-2", ("gail-bc",)),
        ("evaluate-entropy", "CartPole-v1-2-1e-2", ("gail-entropy",)),
    )
    for number, (folder, name, learners) in enumerate(evaluations):
        rows: list[tuple[object, ...]] = [("random", None, "stochastic", i, 10.0, 5) for i in range(2)]
        rows += [("expert", None, "deterministic", 0, 210.0 + number, 5), ("expert", None, "stochastic", 0, 90.0, 5)]
        for learner in learners:
            for seed in range(2):
                mean = MEANS[learner] + 20.0 * seed
                rows += [(learner, seed, "deterministic", i, mean + 3.0 * (2 * i - 1), 5) for i in range(2)]
                rows += [(learner, seed, "stochastic", i, mean - 30.0, 5) for i in range(2)]
        write_table(pl.DataFrame(rows, schema=SCHEMA, orient="row"), tmp_path / "data" / folder / f"{name}.parquet")
    return tmp_path / "data"


@pytest.fixture
def grid(params: Path, data: Path) -> Grid:
    rows = [("CartPole-v1", "gail", 2, weight, 0, 180.0, 200.0, 1.7 + weight) for weight in (0.0, 0.01)]
    rows += [("CartPole-v1", "bc", 2, 0.0, 0, 30.0, 200.0, 0.25), ("Ant-v5", "gail", 4, 0.0, 0, 50.0, 90.0, 0.2)]
    schema = OriginalResults(ROOT / "paper" / "original").policies.schema
    return split(gather(params, data, NAMES), pl.DataFrame(rows, schema=schema, orient="row"))


def write_curves(data: Path, last_returns: dict[str, float]) -> None:
    """Write a learning curve of each algorithm, which ends at its last return, for each set that learns by it."""
    for algorithm, last in last_returns.items():
        returns = [None, 20.0, 20.0, last]
        curve = pl.DataFrame({"seed": [0] * 4, "env_steps": [1e6, 2e6, 3e6, 4e6], "return": returns})
        for name in ("CartPole-v1-2", "CartPole-v1-full-5"):
            write_table(curve, data / algorithm / name / "learning.parquet")


def write_film(data: Path) -> None:
    film = data / "films" / "CartPole-v1-2"
    film.mkdir(parents=True)
    for name in ("film.mp4", "preview.webp"):
        (film / name).write_text(name)


def test_every_policy_has_its_row(params: Path, data: Path) -> None:
    results = gather(params, data, NAMES)
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
        "expert_deterministic_return": 212,
        "expert_stochastic_return": 90,
        "stochastic_normalized": 1,
    }
    assert (row, results.columns) == (expected, list(expected))
    assert results.filter(algorithm="bc")["env_steps"].unique().to_list() == [0]


def test_the_report_depends_on_all_that_it_gathers() -> None:
    params = read_params(ROOT / "paper" / "params.yaml")
    deps = YAML(typ="safe").load(ROOT / "paper" / "dvc.yaml")["stages"]["report"]["deps"]
    for evaluated, section, learners in EVALUATIONS:
        assert params[section]
        for folder in (evaluated, *(learner for learner in learners if learner in STARTS)):
            assert f"paper/data/{folder}" in deps
    assert {"paper/data/demonstrations", "paper/data/films"} < set(deps)


@pytest.mark.parametrize(
    ("policy", "mode", "message"),
    [
        ("random", "stochastic", "lacks the random policy"),
        ("expert", "stochastic", "must hold the same episodes of expert in both modes"),
        ("gail", "deterministic", "must hold the same episodes of gail in both modes"),
    ],
)
def test_an_evaluation_that_lacks_episodes_is_refused(
    params: Path, data: Path, policy: str, mode: str, message: str
) -> None:
    file = data / "evaluate" / "CartPole-v1-2.parquet"
    first = (pl.col("seed") == 0) | pl.col("seed").is_null()
    lacking = (pl.col("policy") == policy) & (pl.col("mode") == mode) & first
    write_table(pl.read_parquet(file).filter(~lacking), file)
    with pytest.raises(UserError, match=f"{file}: {message}"):
        gather(params, data, NAMES)


def test_a_missing_evaluation_is_named(params: Path, data: Path) -> None:
    (data / "evaluate-cloned" / "CartPole-v1-2.parquet").unlink()
    with pytest.raises(UserError, match="evaluate-cloned: lacks results of CartPole-v1-2"):
        gather(params, data, NAMES)


def test_an_expert_that_is_no_better_than_chance_gives_no_scale(params: Path, data: Path) -> None:
    table = pl.DataFrame({"trajectory": [0], "trajectory_return": [10.0]})
    write_table(table, data / "demonstrations" / "CartPole-v1.parquet")
    with pytest.raises(UserError, match=r"CartPole-v1: its expert's trajectories make 10\.0, no more than the random"):
        gather(params, data, NAMES)


def test_a_report_of_whole_trajectories_alone_is_refused(params: Path, data: Path) -> None:
    document = read_params(params)
    del document["sets"]["CartPole-v1-2"]
    write_params(document, params)
    with pytest.raises(UserError, match="sets: none learns from sampled trajectories"):
        gather(params, data, NAMES)


def test_an_evaluation_that_no_set_names_is_refused(params: Path, data: Path) -> None:
    (data / "evaluate" / "Ant-v5-4.parquet").touch()
    with pytest.raises(UserError, match="evaluate: holds results of Ant-v5-4"):
        gather(params, data, NAMES)


def test_figures_are_drawn_from_what_was_gathered(grid: Grid, tmp_path: Path) -> None:
    apply_style()
    for column, ours, theirs, margin in (
        ("normalized", [0.4, 0.8, 1.2, 1.6, 0.6], [0.25, 1.7], 0.1),
        ("mean_return", [50, 90, 130, 170, 70], [30, 180], 10),
    ):
        figure = scores_figure(grid.sampled, column, "score")
        (axes,) = figure.axes
        assert axes.get_title() == "CartPole-v1"
        assert [label.get_text() for label in axes.get_xticklabels()] == ["2"]
        assert _markers(axes, hollow=False) == pytest.approx(ours)  # BC, FEM, GTAL, GAIL, GAIL cloned first
        assert _markers(axes, hollow=True) == pytest.approx(theirs)  # BC, GAIL
        assert _margins(axes) == pytest.approx([12.706 * margin] * 5, rel=1e-4)  # Student's, of two runs
        levels = [
            height for line in axes.lines if line.get_marker() == "None" for height in np.unique(line.get_ydata())
        ]
        assert levels == ([1, 0] if column == "normalized" else [110, 10, 200])  # the last is the paper's expert
        labels = [text.get_text() for text in figure.legends[0].get_texts()]
        assert labels[5:] == ["the paper's", "Expert", "Random", "the paper's expert"][: 1 + len(levels)]
        save_svg(figure, tmp_path / "scores.svg")
    figure = entropy_figure(grid.entropy)
    (axes,) = figure.axes
    assert _markers(axes, hollow=False) == pytest.approx([1.6, 0.2])
    assert _markers(axes, hollow=True) == pytest.approx([1.7, 1.71])
    legend = axes.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["λ = 0", "λ = 0.01", "the paper's", "Expert", "Random"]
    assert axes.get_ylim() == pytest.approx((-2, 1.71 + 0.15 * 3.71))


def test_one_run_is_drawn_without_an_interval(grid: Grid) -> None:
    ours, original = grid.sampled
    figure = scores_figure(Compared(ours.filter(run=0), original), "normalized", "score")
    assert _markers(figure.axes[0], hollow=False) == pytest.approx([0.3, 0.7, 1.1, 1.5, 0.5])
    assert _margins(figure.axes[0]) == []


def test_curves_are_drawn_by_trajectories_and_by_start(tmp_path: Path) -> None:
    apply_style()
    curves = pl.DataFrame(
        [
            (demonstrations, trajectories, algorithm, 0, million_steps, score)
            for demonstrations, trajectories, algorithm, scores in (
                ("A", 2, "gail", [0.5, 0.6]),
                ("A", 4, "gail", [0.9, 0.9]),
                ("A", 2, "gail-bc", [0.2, 0.3, 0.6]),
                ("A", 4, "gail-bc", [0.9, 0.9, 0.9]),
                ("B-full", 2, "gail", [0.1, 0.1, 0.1]),
            )
            for million_steps, score in enumerate(scores)
        ],
        schema=("demonstrations", "trajectories", "algorithm", "seed", "million_steps", "normalized"),
        orient="row",
    )
    policies = pl.DataFrame(
        [
            ("A", 2, "gail", 0.6),
            ("A", 2, "gail", 0.7),
            ("A", 4, "gail", 0.8),
            ("A", 2, "gail-bc", 0.9),
            ("A", 4, "gail-bc", 1.0),
            ("B-full", 2, "gail", 0.2),
            ("A", 2, "bc", 0.3),
        ],
        schema=("demonstrations", "trajectories", "algorithm", "stochastic_normalized"),
        orient="row",
    )
    figure = learning_figure(curves, policies)
    assert [axes.get_title() for axes in figure.axes] == ["A", "B, whole"]
    assert _heights(figure.axes[0]) == [[0.5, 0.6], [0.9, 0.9]]
    assert _stars(figure.axes[0]) == [(1, pytest.approx(0.65)), (1, 0.8)]
    assert _stars(figure.axes[1]) == [(2, 0.2)]
    save_svg(figure, tmp_path / "learning.svg")
    figure = cloning_figure(curves, policies)
    assert [axes.get_title() for axes in figure.axes] == ["A, from 2"]
    assert _heights(figure.axes[0]) == [[0.5, 0.6], [0.2, 0.3, 0.6]]
    assert _stars(figure.axes[0]) == [(1, pytest.approx(0.65)), (2, 0.9)]
    legend = figure.axes[0].get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["GAIL", "GAIL, cloned first"]
    save_svg(figure, tmp_path / "cloning.svg")


def test_learning_curves_are_those_of_both_starts_on_the_scale_of_their_environment(params: Path, data: Path) -> None:
    write_curves(data, {"gail": 60.0, "gail-bc": 40.0})
    curves = learning_curves(params, data, gather(params, data, NAMES), smoothing=0.5)
    sampled, whole = ("CartPole-v1", 2), ("CartPole-v1-full", 5)
    assert curves.select("demonstrations", "trajectories", "algorithm", "million_steps", "normalized").rows() == [
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


def test_verdicts_count_the_sets_that_both_have() -> None:
    schema = ("environment", "trajectories", "algorithm", "mean_return", "stochastic_return", "normalized")
    rows = [
        ("A", 1, "gail", 88.0, 50.0, 0.88),
        ("A", 1, "gail", 92.0, 50.0, 0.92),
        ("A", 4, "gail", 99.6, 60.0, 0.99959),
        ("A", 4, "gail", 99.6, 60.0, 0.99961),
        *[("B", 1, "gail", 70.0, 70.0, 0.7)] * 3,
        ("B", 4, "gail", 80.0, 80.0, 0.0599),
        ("B", 4, "gail", 80.0, 80.0, 0.0601),
        ("A", 1, "bc", 95.0, 50.0, 0.95),
        ("B", 1, "bc", 70.0, 70.0, 0.7),
        ("D", 1, "bc", 70.0, 70.0, 0.2),
    ]
    scale = {"random_return": 0.0, "expert_deterministic_return": 200.0, "expert_stochastic_return": 50.0}
    ours = pl.DataFrame(rows, schema=schema, orient="row").with_columns(
        pl.lit(value).alias(name) for name, value in scale.items()
    )
    theirs = pl.DataFrame(
        [
            ("A", 1, "gail", 0.90),
            ("A", 1, "gail", 0.94),
            ("A", 4, "gail", 1.0),
            ("B", 1, "gail", 0.902),
            ("B", 4, "gail", 0.05),
            ("C", 1, "gail", 1),
            ("A", 1, "bc", 0.6),
            ("B", 1, "bc", 0.7),
            ("B", 4, "bc", 0.9),
        ],
        schema=("environment", "trajectories", "algorithm", "normalized"),
        orient="row",
        strict=False,
    )
    headline, mean, to_paper, intervals, to_bc, bc_to_paper = verdicts(Compared(ours, theirs)).splitlines()
    # cells of 0.45, 0.498, 0.35 and 0.4 deterministically, 1, 1.2, 1.4 and 1.6 stochastically: the middle two of each
    assert "over 4 demonstration sets is **0.425** (" in headline
    assert "and **1.300** (1.300 … 1.300) for stochastic ones" in headline
    assert headline.endswith("to which the 0 sets of one run add nothing.")
    assert "over 4 demonstration sets is 0.665; the paper's is 0.718. 95 % of their difference is B from 1." in mean
    assert mean.endswith("The median of the differences is -0.010.")
    below = "A from 1 (0.900 against 0.920); B from 1 (0.700 against 0.902)."
    assert to_paper.endswith(f"in 2 of 4, by less than 0.01 in 1 of these; not on {below}")
    assert intervals == (
        "- In 3 of these sets runs have spread, so that a difference can be tested. The paper's mean does not differ "
        "from ours in 1, is below it in 1, and above it in 1 (A from 4): by Welch's test (p < 0.05) where the paper "
        "has several runs, by the 95 % prediction interval of a further run of ours where it has one (2 sets)."
    )
    below = "A from 1 (0.900 against 0.950)."
    assert to_bc.endswith(f"in 1 of 2, by less than 0.01 in 1 of these; not on {below}")
    assert bc_to_paper == "- BC's mean score is 0.825, the paper's 0.650."


def test_the_page_shows_ours_beside_the_papers(params: Path, data: Path, grid: Grid) -> None:
    write_curves(data, {"gail": 60.0, "gail-bc": 40.0})
    curves = learning_curves(params, data, gather(params, data, NAMES), smoothing=0.5)
    text = page(grid, curves, [], 0.5, findings="- A finding.", discussion="All that was found.")
    assert "\n- A finding.\n" in text
    assert "## In detail\n\nAll that was found.\n" in text
    assert "Runs of a set: BC 2, FEM 2, GTAL 2, GAIL 2, GAIL, cloned first 2; the paper's: BC 1, GAIL 1." in text
    assert "\n| CartPole-v1 | 2 | 0.40 (0.25) | 0.80 | 1.20 | 1.60 (1.70) | 0.60 |\n" in text
    assert "\n| CartPole-v1 | 2 | 0.10 | 0.50 | 0.90 | 1.30 | 0.30 |\n" in text  # stochastic
    assert "\n| CartPole-v1 | 10.0 | 110 ± 10 | 210 (2.00) | 90.0 (0.80) | 200 |\n" in text
    assert (
        "\n| CartPole-v1 | 2 | 50.0 ± 14.1 (30.0) | 90.0 ± 14.1 | 130 ± 14 | 170 ± 14 (180) | 70.0 ± 14.1 |\n" in text
    )
    assert "\n| environment | trajectories | λ = 0 | λ = 0.01 |\n" in text
    assert "\n| CartPole-v1 | 2 | 1.60 (1.70) | 0.20 (1.71) |\n" in text
    assert "\n| environment | trajectories | BC | FEM | GTAL | GAIL |\n" in text
    assert [line for line in text.splitlines() if line.startswith("| CartPole-v1 | 5 |")] == [
        "| CartPole-v1 | 5 | 0.40, 0.10 | 0.80, 0.50 | 1.20, 0.90 | 1.60, 1.30 |",
        "| CartPole-v1 | 5 | 50.0 ± 14.1 | 90.0 ± 14.1 | 130 ± 14 | 170 ± 14 |",
    ]
    assert "\n| CartPole-v1 | 2 | 170 ± 14 (180) | 30.0 ± 14.1 (180) |\n" in text  # λ = 0 and 0.01
    assert "before and after it, 50 % of the run's" in text
    assert "\n| CartPole-v1 | 2 | never | never | never | never |\n" in text


def test_the_page_leaves_out_what_has_no_results(params: Path, data: Path, grid: Grid) -> None:
    write_curves(data, {"gail": 60.0, "gail-bc": 40.0})
    curves = learning_curves(params, data, gather(params, data, NAMES), smoothing=0.5)
    none = Compared(grid.whole.ours.clear(), grid.whole.original)
    ours = grid.sampled.ours.with_columns(expert_standard_error=pl.lit(None, pl.Float64))
    little = Grid(Compared(ours, none.original), none, none)
    text = page(little, curves.filter(algorithm="gail"), [], 0.5, findings="", discussion="")
    headings = [line for line in text.splitlines() if line.startswith("## ")]
    names = ("In short", "Scores", "Experts", "Acting with noise", "Learning", "In detail", "All returns")
    assert headings == [f"## {name}" for name in names]
    assert "the paper's in" not in text
    assert "\n| CartPole-v1 | 10.0 | 110 | 210 (2.00) |" in text
    assert "(figures/cloning.svg)" not in text


def test_a_text_that_is_not_utf_8_is_named(params: Path, data: Path, tmp_path: Path) -> None:
    write_curves(data, {"gail": 60.0, "gail-bc": 60.0})
    write_film(data)
    text = tmp_path / "findings.md"
    text.write_bytes(b"\xff")
    with pytest.raises(UserError, match=r"findings\.md: is not UTF-8"):
        build_paper_report(params, data, ROOT / "paper" / "original", text, text, tmp_path / "out")


def test_the_report_is_the_same_bytes_twice_and_its_table_has_the_papers_columns(
    params: Path, data: Path, tmp_path: Path
) -> None:
    write_curves(data, {"gail": 60.0, "gail-bc": 60.0})
    (tmp_path / "findings.md").write_text("- Little.")
    (tmp_path / "discussion.md").write_text("Much.")
    write_film(data)
    for out in ("a", "b"):
        build_paper_report(
            params,
            data,
            ROOT / "paper" / "original",
            findings=tmp_path / "findings.md",
            discussion=tmp_path / "discussion.md",
            out=tmp_path / out,
        )
    files = sorted(path.relative_to(tmp_path / "a") for path in (tmp_path / "a").rglob("*.*"))
    assert [str(file) for file in files] == [
        "README.md",
        *(f"figures/{name}.svg" for name in ("cloning", "entropy", "learning", "normalized", "returns")),
        "films/CartPole-v1-2.webp",
        "index.html",
        "results.csv",
    ]
    for file in files:
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()
    text = (tmp_path / "a" / "README.md").read_text()
    assert "### CartPole-v1-2\n\n![Expert, BC and GAIL: CartPole-v1-2](films/CartPole-v1-2.webp)" in text
    assert "\n- Little.\n\n## Scores\n" in text
    assert "\n## In detail\n\nMuch.\n" in text
    header = (ROOT / "paper" / "original" / "returns.csv").read_text().splitlines()[0]
    assert (tmp_path / "a" / "results.csv").read_text().startswith(f"{header},stochastic_return,expert_return")


def _markers(axes: Axes, *, hollow: bool) -> list[float]:
    """Return the heights of all markers, filled or hollow."""
    lines = [line for line in axes.lines if line.get_marker() in MARKERS.values()]
    chosen = [line for line in lines if (line.get_markerfacecolor() == "white") == hollow]
    return [float(height) for line in chosen for height in np.asarray(line.get_ydata())]


def _margins(axes: Axes) -> list[float]:
    """Return half the lengths of all intervals."""
    lines = [collection for collection in axes.collections if isinstance(collection, LineCollection)]
    bars = [bar for collection in lines for bar in collection.get_segments()]
    return [float(np.ptp(bar[:, 1])) / 2 for bar in bars if len(bar)]


def _stars(axes: Axes) -> list[tuple[float, float]]:
    (points,) = [collection for collection in axes.collections if isinstance(collection, PathCollection)]
    return [(float(x), float(y)) for x, y in np.asarray(points.get_offsets())]


def _heights(axes: Axes) -> list[list[float]]:
    """Return the heights of all curves; the expert's level is dashed, and legends' lines have no points."""
    lines = [line for line in axes.lines if line.get_linestyle() == "-"]
    heights = [np.asarray(line.get_ydata(), dtype=float).tolist() for line in lines]
    return [points for points in heights if points]
