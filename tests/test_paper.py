"""The paper's pipeline, gathered: every number worked out by hand."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from matplotlib.axes import Axes
from ruamel.yaml import YAML

from gailpipe.evaluation.returns import SCHEMA
from gailpipe.foundation.errors import UserError
from gailpipe.foundation.tables import write_table
from gailpipe.paper.build import build_paper_report, learning_curves
from gailpipe.paper.figures import cloning_figure, entropy_figure, learning_figure, scores_figure
from gailpipe.paper.page import page
from gailpipe.paper.results import CELLS, STARTS, gather, subsampled, without_entropy
from gailpipe.params.base import read_params
from gailpipe.params.imitation import Imitation
from gailpipe.report.paper import PaperResults
from gailpipe.report.style import MARKERS, apply_style, save_svg
from tests.workspace import ROOT, tiny_params, write_params

NAMES = {"CartPole-v1": "cartpole"}
MEANS = {"bc": 40.0, "fem": 80.0, "gtal": 120.0, "gail": 160.0, "gail-bc": 40.0, "gail-entropy": 40.0}


@pytest.fixture
def params(tmp_path: Path) -> Path:
    one = {"env": "CartPole-v1", "demonstrations": "CartPole-v1", "trajs": 2}
    document = tiny_params() | {
        name: {"CartPole-v1-2": one} for name in ("sets", "linear_sets", "cloned_sets", "filmed_sets")
    }
    for section in ("sets", "linear_sets"):
        document[section]["CartPole-v1-full-5"] = {
            "env": "CartPole-v1",
            "demonstrations": "CartPole-v1-full",
            "trajs": 5,
        }
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
    for folder, name, learners in (
        ("evaluate", "CartPole-v1-2", ("bc", "gail")),
        ("evaluate", "CartPole-v1-full-5", ("bc", "gail")),
        ("evaluate-linear", "CartPole-v1-2", ("fem", "gtal")),
        ("evaluate-linear", "CartPole-v1-full-5", ("fem", "gtal")),
        ("evaluate-cloned", "CartPole-v1-2", ("gail-bc",)),
        ("evaluate-entropy", "CartPole-v1-2-1e-2", ("gail-entropy",)),
    ):
        rows: list[tuple[object, ...]] = [("random", None, "stochastic", i, 10.0, 5) for i in range(2)]
        rows += [("expert", None, mode, 0, 500.0, 5) for mode in ("deterministic", "stochastic")]
        for learner in learners:
            for seed in range(2):
                mean = MEANS[learner] + 20.0 * seed
                rows += [(learner, seed, "deterministic", i, mean + 3.0 * (2 * i - 1), 5) for i in range(2)]
                rows += [(learner, seed, "stochastic", i, mean - 30.0, 5) for i in range(2)]
        write_table(pl.DataFrame(rows, schema=SCHEMA, orient="row"), tmp_path / "data" / folder / f"{name}.parquet")
    return tmp_path / "data"


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
    }
    assert (row, results.columns) == (expected, list(expected))
    assert results.filter(algorithm="bc")["env_steps"].unique().to_list() == [0]


def test_the_report_depends_on_all_that_it_gathers() -> None:
    params = read_params(ROOT / "paper" / "params.yaml")
    deps = YAML(typ="safe").load(ROOT / "paper" / "dvc.yaml")["stages"]["report"]["deps"]
    for cells in CELLS:
        for folder in (cells.folder, *(learner for learner in cells.learners if learner in STARTS)):
            assert (f"paper/data/{folder}" in deps) == bool(params[cells.sets]), folder


def test_a_missing_cell_is_named(params: Path, data: Path) -> None:
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


def test_a_cell_that_no_set_names_is_refused(params: Path, data: Path) -> None:
    (data / "evaluate" / "Ant-v5-4.parquet").touch()
    with pytest.raises(UserError, match="evaluate: holds results of Ant-v5-4"):
        gather(params, data, NAMES)


def test_figures_are_drawn_from_what_was_gathered(params: Path, data: Path, tmp_path: Path) -> None:
    apply_style()
    results, original = gather(params, data, NAMES), PaperResults(ROOT / "paper" / "original").policies
    for column in ("normalized", "mean_return"):
        figure = scores_figure(without_entropy(subsampled(results)), original, column, "score")
        (axes,) = figure.axes
        assert axes.get_title() == "CartPole-v1"
        assert [label.get_text() for label in axes.get_xticklabels()] == ["2"]
        points = [np.asarray(line.get_ydata()) for line in axes.lines if line.get_marker() in MARKERS.values()]
        drawn = [float(point[0]) for point in points if len(point)]
        expected = {"normalized": [0.4, 0.8, 1.2, 1.6, 0.4], "mean_return": [50, 90, 130, 170, 50]}[column]
        assert drawn == pytest.approx(expected)  # BC, FEM, GTAL, GAIL, GAIL cloned first
        save_svg(figure, tmp_path / "scores.svg")
    figure = entropy_figure(results.filter(algorithm="gail"), original)
    legend = figure.axes[0].get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["λ = 0", "λ = 0.01", "the paper's"]


def test_curves_are_drawn_by_trajectories_and_by_start(tmp_path: Path) -> None:
    apply_style()
    curves = pl.DataFrame(
        [
            (environment, trajectories, algorithm, 0, million_steps, score)
            for environment, trajectories, algorithm, scores in (
                ("A", 2, "gail", [0.5, 0.6]),
                ("A", 4, "gail", [0.9, 0.9]),
                ("A", 2, "gail-bc", [0.2, 0.3, 0.6]),
                ("A", 4, "gail-bc", [0.9, 0.9, 0.9]),
                ("B", 2, "gail", [0.1, 0.1, 0.1]),
            )
            for million_steps, score in enumerate(scores)
        ],
        schema=("environment", "trajectories", "algorithm", "seed", "million_steps", "normalized"),
        orient="row",
    )
    figure = learning_figure(curves.filter(algorithm="gail"))
    assert [axes.get_title() for axes in figure.axes] == ["A", "B"]
    assert _heights(figure.axes[0]) == [[0.5, 0.6], [0.9, 0.9]]
    save_svg(figure, tmp_path / "learning.svg")
    figure = cloning_figure(curves)
    assert [axes.get_title() for axes in figure.axes] == ["A"]
    assert _heights(figure.axes[0]) == [[0.5, 0.6], [0.2, 0.3, 0.6]]
    save_svg(figure, tmp_path / "cloning.svg")


def test_learning_curves_are_those_of_both_starts_on_the_scale_of_their_set(params: Path, data: Path) -> None:
    for algorithm, return_ in (("gail", 60.0), ("gail-bc", 40.0)):
        curve = pl.DataFrame(
            {"seed": [0] * 4, "env_steps": [1e6, 2e6, 3e6, 4e6], "return": [None, 20.0, 20.0, return_]}
        )
        write_table(curve, data / algorithm / "CartPole-v1-2" / "learning.parquet")
    policies = gather(params, data, NAMES)
    curves = learning_curves(params, data, policies, smoothing=0.5)
    assert curves.select("environment", "trajectories", "algorithm", "million_steps", "normalized").rows() == [
        ("CartPole-v1", 2, "gail", 2, 0.1),
        ("CartPole-v1", 2, "gail", 3, 0.1),
        ("CartPole-v1", 2, "gail", 4, 0.3),
        ("CartPole-v1", 2, "gail-bc", 2, 0.1),
        ("CartPole-v1", 2, "gail-bc", 3, 0.1),
        ("CartPole-v1", 2, "gail-bc", 4, 0.2),
    ]


def test_the_page_says_where_gail_falls_short(params: Path, data: Path) -> None:
    ours = gather(params, data, NAMES)
    rows = [("CartPole-v1", "gail", 2, weight, 0, 180.0, 200.0, 1.7 + weight) for weight in (0.0, 0.01)]
    rows += [("CartPole-v1", "bc", 2, 0.0, 0, 50.0, 200.0, 0.4), ("Ant-v5", "gail", 4, 0.0, 0, 50.0, 90.0, 0.2)]
    original = pl.DataFrame(rows, schema=PaperResults(ROOT / "paper" / "original").policies.schema, orient="row")
    text = page(ours, original, "What was found.", [])
    assert "\nWhat was found.\n" in text
    assert (
        "over 1 demonstration sets is **1.600**; the paper's is 1.700. The median of the differences is -0.100." in text
    )
    assert "the paper's in 0 of 1, not on CartPole-v1 from 2 (1.600 against 1.700)." in text
    assert "at or above BC in 1 of 1. BC's mean score is 0.400." in text
    assert "Runs of a set: BC 2, FEM 2, GTAL 2, GAIL 2, GAIL, cloned first 2; the paper's: BC 1, GAIL 1." in text
    assert "\n| CartPole-v1 | 2 | 0.40 (0.40) | 0.80 | 1.20 | 1.60 (1.70) | 0.40 |\n" in text
    assert (
        "\n| CartPole-v1 | 2 | 50.0 ± 14.1 (50.0) | 90.0 ± 14.1 | 130 ± 14 | 170 ± 14 (180) | 50.0 ± 14.1 |\n" in text
    )
    assert "\n| environment | trajectories | λ = 0 | λ = 0.01 |\n" in text
    assert "\n| CartPole-v1 | 2 | 1.60 (1.70) | 0.40 (1.71) |\n" in text
    assert "\n| environment | trajectories | BC | FEM | GTAL | GAIL |\n" in text
    (from_whole_trajectories,) = [line for line in text.splitlines() if line.startswith("| CartPole-v1 | 5 |")]
    assert from_whole_trajectories == "| CartPole-v1 | 5 | 0.40 | 0.80 | 1.20 | 1.60 |"
    assert "(figures/cloning.svg)" in text
    without_clones = without_entropy(subsampled(ours)).filter(pl.col("algorithm") != "gail-bc")
    headings = [line for line in page(without_clones, original, "", []).splitlines() if line.startswith("## ")]
    assert headings == ["## In short", "## Scores", "## Learning", "## All returns"]


def test_the_report_is_the_same_bytes_twice_and_its_table_has_the_papers_columns(
    params: Path, data: Path, tmp_path: Path
) -> None:
    curve = pl.DataFrame({"seed": [0, 0], "env_steps": [10, 20], "return": [None, 60.0]})
    for algorithm in ("gail", "gail-bc"):
        write_table(curve, data / algorithm / "CartPole-v1-2" / "learning.parquet")
    (tmp_path / "found.md").write_text("Much.")
    film = tmp_path / "data" / "films" / "CartPole-v1-2"
    film.mkdir(parents=True)
    for name in ("film.mp4", "preview.webp"):
        (film / name).write_text(name)
    for out in ("a", "b"):
        build_paper_report(params, data, ROOT / "paper" / "original", tmp_path / "found.md", tmp_path / out)
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
    assert (
        "### CartPole-v1-2\n\n![Expert, BC and GAIL: CartPole-v1-2](films/CartPole-v1-2.webp)"
        in (tmp_path / "a" / "README.md").read_text()
    )
    header = (ROOT / "paper" / "original" / "returns.csv").read_text().splitlines()[0]
    assert (tmp_path / "a" / "results.csv").read_text().startswith(f"{header},stochastic_return,expert_return")


def _heights(axes: Axes) -> list[list[float]]:
    """Return the heights of all curves; the expert's level is dashed, and legends' lines have no points."""
    lines = [line for line in axes.lines if line.get_linestyle() == "-"]
    heights = [np.asarray(line.get_ydata(), dtype=float).tolist() for line in lines]
    return [points for points in heights if points]
