"""Figures draw what was gathered: every number worked out by hand."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PathCollection
from matplotlib.colors import to_hex
from matplotlib.lines import Line2D

from gailpipe.algorithms.catalogue import LEARNERS
from gailpipe.foundation.tables import write_table
from gailpipe.grid.cells import episodes_of, read_evaluations
from gailpipe.grid.curves import learning_curves
from gailpipe.grid.original import OriginalResults
from gailpipe.grid.policies import Compared, Grid, gather, split
from gailpipe.grid.sets import has_sets
from gailpipe.report.episode_figures import occupancy_figure, returns_figure
from gailpipe.report.interaction_figure import interactions_figure
from gailpipe.report.learning_figures import cloning_figure, learning_figure, learning_figures, metrics_figure
from gailpipe.report.score_figures import entropy_figure, environments_figure, score_figures, sizes_figure
from gailpipe.report.style import apply_style, save_svg
from tests.pipelines import ENV, Made, one_recorded, one_set, several_sets
from tests.workspace import ROOT

MARKERS = {learner.marker for learner in LEARNERS.values()}


def grid_of(made: Made) -> Grid:
    ours = gather(made.params, made.data, read_evaluations(made.params, made.data / "results"), {})
    rows = [(ENV, "gail", 2, weight, 0, 180.0, 200.0, 1.7 + weight) for weight in (0.0, 0.01)]
    rows += [(ENV, "bc", 2, 0.0, 0, 30.0, 200.0, 0.25), ("Ant-v5", "gail", 4, 0.0, 0, 50.0, 90.0, 0.2)]
    schema = OriginalResults(ROOT / "data" / "original").policies.schema
    return split(ours, pl.DataFrame(rows, schema=schema, orient="row"), has_sets=has_sets(made.params))


@pytest.fixture
def several(tmp_path: Path) -> Grid:
    apply_style()
    return grid_of(several_sets(tmp_path))


def test_scores_are_drawn_against_sizes_beside_the_papers(several: Grid, tmp_path: Path) -> None:
    for column, ours, theirs, margin in (
        ("normalized", [0.4, 0.8, 1.2, 1.6, 0.6], [0.25, 1.7], 0.1),
        ("mean_return", [50, 90, 130, 170, 70], [30, 180], 10),
    ):
        figure = sizes_figure(several, column, "score")
        (axes,) = figure.axes
        assert axes.get_title() == ENV
        assert [label.get_text() for label in axes.get_xticklabels()] == ["2"]
        assert _markers(axes, hollow=False) == pytest.approx(ours)  # BC, FEM, GTAL, GAIL, GAIL cloned first
        assert _markers(axes, hollow=True) == pytest.approx(theirs)  # BC, GAIL
        assert _margins(axes) == pytest.approx([12.706 * margin] * 5, rel=1e-4)  # Student's, of two runs
        levels = [
            height for line in axes.lines if line.get_marker() == "None" for height in np.unique(line.get_ydata())
        ]
        assert levels == ([1, 0] if column == "normalized" else [110, 10, 200])  # the last is the paper's expert
        labels = [text.get_text() for text in figure.legends[0].get_texts()]
        assert labels[5:] == ["the paper's", "Demonstrations", "Random", "the paper's expert"][: 1 + len(levels)]
        save_svg(figure, tmp_path / "scores.svg")


def test_lambdas_are_drawn_beside_the_papers(several: Grid) -> None:
    figure = entropy_figure(several.entropy)
    (axes,) = figure.axes
    assert _markers(axes, hollow=False) == pytest.approx([1.6, 0.2])
    assert _markers(axes, hollow=True) == pytest.approx([1.7, 1.71])
    legend = axes.get_legend()
    assert legend is not None
    labels = ["λ = 0", "λ = 0.01", "the paper's", "Demonstrations", "Random"]
    assert [text.get_text() for text in legend.get_texts()] == labels
    assert axes.get_ylim() == pytest.approx((-2, 1.71 + 0.15 * 3.71))


def test_one_run_is_drawn_without_an_interval(several: Grid) -> None:
    one_run = several._replace(sampled=several.sampled._replace(ours=several.sampled.ours.filter(run=0)))
    figure = sizes_figure(one_run, "normalized", "score")
    assert _markers(figure.axes[0], hollow=False) == pytest.approx([0.3, 0.7, 1.1, 1.5, 0.5])
    assert _margins(figure.axes[0]) == []


def test_where_each_environment_has_one_set_scores_are_drawn_against_environments(tmp_path: Path) -> None:
    grid = grid_of(one_set(tmp_path))
    figure = environments_figure(grid)
    (axes,) = figure.axes
    dots = [line.get_ydata() for line in axes.lines if line.get_marker() == "."]
    expected = [[0.3, 0.5], [1.5, 1.7], [0.9, 1.1]]  # BC, GAIL, DAC
    assert [np.asarray(heights).tolist() for heights in dots] == [pytest.approx(heights) for heights in expected]
    diamonds = [float(np.asarray(line.get_ydata())[0]) for line in axes.lines if line.get_markerfacecolor() == "white"]
    assert diamonds == pytest.approx([0.25, 1.7])
    assert [label.get_text() for label in axes.get_xticklabels()] == [ENV]
    assert list(score_figures(grid)) == ["scores"]


def test_figures_draw_what_was_measured(tmp_path: Path) -> None:
    made = one_set(tmp_path)
    grid = grid_of(made)
    figure = returns_figure(grid, {ENV: episodes_of(read_evaluations(made.params, made.data / "results"), ENV)})
    drawn = [sorted(np.asarray(axes.lines[-1].get_xdata()).tolist()) for axes in figure.axes]
    assert drawn == [[210], [40, 60], [160, 180], [100, 120]]  # means of the expert's, BC's, GAIL's, DAC's policies
    figure = metrics_figure(grid, learning_curves(made.params, made.data, grid.plain, 0.05))
    labels = ["return", "discriminator's accuracy", "KL of a step", "entropy (nats)"]
    assert [axes.get_ylabel() for axes in figure.axes] == labels
    lines = [np.asarray(axes.lines[0].get_ydata()).tolist() for axes in figure.axes]
    expected = [[20, 30, 40], [0.7] * 4, [0.01, 0.02, 0.03, 0.04], [1] * 4]
    assert lines == [pytest.approx(line) for line in expected]


@pytest.mark.parametrize(("returns", "level"), [((100.0, 120.0), [110, 10]), ((None, None), [10])])
def test_figures_without_an_expert_have_no_panel_of_it_and_lines_at_what_is_known(
    tmp_path: Path, returns: tuple[float | None, float | None], level: list[float]
) -> None:
    made = one_recorded(tmp_path, returns)
    grid = grid_of(made)
    figure = returns_figure(grid, {ENV: episodes_of(read_evaluations(made.params, made.data / "results"), ENV)})
    assert [axes.get_ylabel() for axes in figure.axes] == ["BC", "GAIL", "DAC"]
    for axes in figure.axes:
        lines = [np.asarray(line.get_xdata()).tolist() for line in axes.lines]
        assert [places[0] for places in lines if len(places) == 2 and places[0] == places[1]] == level
    figure = metrics_figure(grid, learning_curves(made.params, made.data, grid.plain, 0.05))
    heights = [float(np.asarray(line.get_ydata())[0]) for line in figure.axes[0].lines[1:]]
    assert heights == [*level, 50]  # the last is BC
    dots = [line for line in environments_figure(grid).axes[0].lines if line.get_marker() == "."]
    assert len(dots) == (3 if None not in returns else 0)


def test_figures_are_the_same_bytes_twice(tmp_path: Path) -> None:
    made = one_set(tmp_path)
    grid = grid_of(made)
    apply_style()
    curves = learning_curves(made.params, made.data, grid.plain, 0.05)
    for name in ("a", "b"):
        for figure, drawn in (score_figures(grid) | learning_figures(grid, curves)).items():
            save_svg(drawn, tmp_path / name / f"{figure}.svg")
    for figure in ("scores", "learning"):
        first = (tmp_path / "a" / f"{figure}.svg").read_bytes()
        assert first == (tmp_path / "b" / f"{figure}.svg").read_bytes()
        assert b"<svg" in first


def test_the_states_of_each_learner_and_the_judgement_of_each_discriminator_have_a_panel(tmp_path: Path) -> None:
    policies = ["demonstrations", "bc", "gail"]
    states = pl.DataFrame({"policy": policies * 2, "x": [0.0, 1, 2, 3, 4, 5], "y": [5.0, 4, 3, 2, 1, 0]})
    distances = pl.DataFrame({"policy": policies, "inhomogeneity": [0.001, 0.25, -0.0004]})
    x, y = np.meshgrid(np.linspace(0, 5, 4), np.linspace(0, 5, 4))
    judged = pl.DataFrame({"policy": ["gail"] * 16, "x": x.ravel(), "y": y.ravel(), "logit": (x - 2.5).ravel()})
    for name, table in {"states": states, "distances": distances, "judged": judged}.items():
        write_table(table, tmp_path / "occupancy" / f"{name}.parquet")
    grid = grid_of(one_set(tmp_path))
    grid = grid._replace(whole=Compared(grid.plain.head(1).with_columns(algorithm=pl.lit("fem")), grid.whole.original))
    assert grid.learners == ["bc", "fem", "gail", "dac"]  # of whom two were not sampled here
    figure = occupancy_figure(grid, {"A-v1": tmp_path / "occupancy", "B-v1": tmp_path / "occupancy"})
    assert [axes.get_title() for axes in figure.axes[:4]] == ["Demonstrations", "BC", "GAIL", "discriminator"]
    assert [axes.get_ylabel() for axes in figure.axes[::4]] == ["A-v1", "B-v1"]
    texts = [axes.texts[0].get_text() for axes in figure.axes if axes.texts]
    assert texts == ["0.001", "0.250", "0.000"] * 2
    unknown = distances.with_columns(inhomogeneity=pl.Series([None, 0.25, 0.5], dtype=pl.Float64))
    write_table(unknown, tmp_path / "occupancy" / "distances.parquet")
    assert occupancy_figure(grid, {"A-v1": tmp_path / "occupancy"}).axes[0].texts[0].get_text() == "—"


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


PUBLISHED = pl.DataFrame(
    [
        ("Theirs", ENV, 1_500_000, None),  # the paper's own score, 1.7, which is beyond what is shown
        ("Others'", ENV, 300_000, 0.9),
        ("Others'", "Ant-v5", 300_000, 0.8),
    ],
    schema={"label": pl.String, "environment": pl.String, "env_steps": pl.Int64, "score": pl.Float64},
    orient="row",
)


def test_scores_are_drawn_against_interactions_beside_those_published(tmp_path: Path) -> None:
    made = one_set(tmp_path)
    grid = grid_of(made)
    curves = learning_curves(made.params, made.data, grid.plain, 0.05)
    figure = interactions_figure(grid, curves, PUBLISHED)
    assert figure is not None
    (axes,) = figure.axes
    assert (axes.get_title(), axes.get_xscale()) == (f"{ENV}, from 2", "log")
    found = {to_hex(line.get_color()): _points(line) for line in axes.lines if line.get_linestyle() == "-"}
    assert sorted(found) == sorted([LEARNERS["gail"].color, LEARNERS["dac"].color])
    assert np.array(found[LEARNERS["gail"].color]) == pytest.approx(np.array([(2e6, 0.1), (3e6, 0.2), (4e6, 0.3)]))
    assert np.array(found[LEARNERS["dac"].color]) == pytest.approx(np.array([(2e6, 0.5), (3e6, 1.0)]))
    levels = [_points(line)[0][1] for line in axes.lines if line.get_linestyle() == "--"]
    assert levels == [pytest.approx(0.4), 1]  # BC, which takes no step, and the demonstrations
    points = [(line.get_marker(), *_points(line)) for line in axes.lines if line.get_marker() in ("D", "X")]
    assert points == [("D", (1.5e6, 1.3)), ("X", (3e5, 0.9))]
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels == ["GAIL", "DAC", "Demonstrations", "BC", "Theirs", "Others'"]
    save_svg(figure, tmp_path / "interactions.svg")


def test_a_score_that_the_paper_does_not_tell_is_not_drawn(tmp_path: Path) -> None:
    made = one_set(tmp_path)
    grid = grid_of(made)
    without = grid._replace(sampled=grid.sampled._replace(original=grid.sampled.original.clear()))
    figure = interactions_figure(without, learning_curves(made.params, made.data, grid.plain, 0.05), PUBLISHED)
    assert figure is not None
    points = [(line.get_marker(), *_points(line)) for line in figure.axes[0].lines if line.get_marker() in ("D", "X")]
    assert points == [("X", (3e5, 0.9))]
    save_svg(figure, tmp_path / "interactions.svg")


def test_interactions_are_drawn_from_the_fewest_trajectories_that_were_sampled_and_scored(several: Grid) -> None:
    schema = ("environment", "demonstrations", "trajectories", "algorithm", "seed", "million_steps", "normalized")
    rows = [
        (ENV, demonstrations, trajectories, algorithm, 0, 1.0, score)
        for demonstrations, trajectories, algorithm, score in (
            (ENV, 2, "gail", 0.5),
            (ENV, 2, "dac", 0.7),
            (ENV, 3, "dac", 0.8),
            (f"{ENV}-full", 1, "dac", 0.9),
        )
    ]
    curves = pl.DataFrame([*rows, ("B", "B", 2, "dac", 0, 1.0, None)], schema=schema, orient="row")
    figure = interactions_figure(several, curves, PUBLISHED)
    assert figure is not None
    assert [axes.get_title() for axes in figure.axes] == [f"{ENV}, from 2"]
    assert [height for heights in _heights(figure.axes[0]) for height in heights] == [0.5, 0.7]


def test_without_a_scale_there_is_no_figure_of_interactions(tmp_path: Path) -> None:
    made = one_recorded(tmp_path, (None, None))
    grid = grid_of(made)
    assert interactions_figure(grid, learning_curves(made.params, made.data, grid.plain, 0.05), PUBLISHED) is None


def _points(line: Line2D) -> list[tuple[float, float]]:
    places = zip(np.asarray(line.get_xdata(), float), np.asarray(line.get_ydata(), float), strict=True)
    return [(float(x), float(y)) for x, y in places]


def _markers(axes: Axes, *, hollow: bool) -> list[float]:
    """Return the heights of all markers, filled or hollow."""
    lines = [line for line in axes.lines if line.get_marker() in MARKERS]
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
