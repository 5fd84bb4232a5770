"""The figure of what interactions buy: scores against environment steps, on one logarithmic axis."""

from itertools import cycle
from typing import Any

import polars as pl
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from gailpipe.algorithms.catalogue import BASELINE, HEADLINE, actor
from gailpipe.grid.policies import CELL, Grid
from gailpipe.report.style import legend_below, level_handles, level_style, panels_of

PUBLISHED_MARKERS = ("D", "X", "p")
LOWEST, HIGHEST = -0.2, 1.3  # scores that are shown


def interactions_figure(grid: Grid, curves: pl.DataFrame, published: pl.DataFrame) -> Figure | None:
    """Draw a panel for each environment: scores while learning, the baseline's, and what others published.

    Args:
        grid: All policies.
        curves: As `learning_curves` returns them; drawn are those from the fewest trajectories of each environment.
        published: As `OriginalResults.interactions`.

    Returns:
        The figure; none where nothing has a score.
    """
    curves = curves.filter(pl.col("demonstrations") == pl.col("environment")).drop_nulls("normalized")
    fewest = curves.group_by("environment", maintain_order=True).agg(pl.col("trajectories").min())
    if not len(fewest):
        return None
    curves = curves.join(fewest, on=CELL, how="semi", maintain_order="left")
    titles = [f"{environment}, from {trajectories}" for environment, trajectories in fewest.iter_rows()]
    figure, panels = panels_of(titles, "environment steps", "normalised score")
    labels = published["label"].unique(maintain_order=True).to_list()
    markers = dict(zip(labels, cycle(PUBLISHED_MARKERS)))
    for axes, cell in zip(panels, fewest.iter_rows(named=True), strict=True):
        _draw(axes, curves.filter(**cell))
        runs = grid.plain.filter(demonstrations=cell["environment"], algorithm=BASELINE, **cell)
        if len(runs):
            axes.axhline(runs["normalized"].to_numpy().mean(), **level_style(BASELINE))
        axes.axhline(1, **level_style("demonstrations"))
        for point in _published(published, grid.sampled.original, cell).iter_rows(named=True):
            place = point["env_steps"], min(point["score"], HIGHEST)
            axes.plot(*place, marker=markers[point["label"]], color="0.45", markersize=8, linestyle="", clip_on=False)
        axes.set(xscale="log", ylim=(LOWEST, HIGHEST), xlabel=None, ylabel=None)
    drawn = curves["algorithm"].unique(maintain_order=True)
    handles = [Line2D([], [], color=actor(name).color, label=actor(name).label) for name in drawn]
    handles += level_handles("demonstrations", BASELINE)
    handles += [
        Line2D([], [], color="0.45", marker=marker, linestyle="", label=label) for label, marker in markers.items()
    ]
    legend_below(figure, handles, ncols=4)
    return figure


def _draw(axes: Axes, curves: pl.DataFrame) -> None:
    """Draw the learning curves of an environment; bands span all runs."""
    steps = curves.with_columns(env_steps=1e6 * pl.col("million_steps"))
    palette = {name: actor(name).color for name in steps["algorithm"].unique(maintain_order=True)}
    drawn: dict[str, Any] = {"x": "env_steps", "y": "normalized", "hue": "algorithm", "palette": palette}
    sns.lineplot(steps.to_dict(as_series=False), **drawn, errorbar=("pi", 100), legend=False, ax=axes)


def _published(published: pl.DataFrame, original: pl.DataFrame, cell: dict[str, Any]) -> pl.DataFrame:
    """Return what others published of an environment: label, env_steps and score.

    Where the score of a row is null it is the paper's own, from as many trajectories.
    """
    scores = original.filter(algorithm=HEADLINE, **cell)["normalized"].to_numpy()
    rows = published.filter(environment=cell["environment"])
    mean = float(scores.mean()) if len(scores) else None
    return rows.with_columns(pl.col("score").fill_null(pl.lit(mean, pl.Float64))).drop_nulls("score")
