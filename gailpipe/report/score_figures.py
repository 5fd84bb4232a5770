"""The figures of scores: ours in full, the paper's points hollow beside them."""

from collections.abc import Sequence
from math import nan
from typing import Any

import polars as pl
import seaborn as sns
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from gailpipe.algorithms.catalogue import HEADLINE, LEARNERS, actor
from gailpipe.grid.policies import CELL, Compared, Grid
from gailpipe.grid.scores import score
from gailpipe.report.style import learner_handles, legend_below, level_handles, level_style, levels_of, panels_of

ORIGINAL = Line2D([], [], color="0.4", marker="o", markerfacecolor="white", linestyle=":", label="the paper's")
ORIGINAL_EXPERT: dict[str, Any] = {"color": "0.4", "linewidth": 1.2, "linestyle": (0, (4, 1, 1, 1))}
LOWEST_SHOWN = -2.0  # of the study of λ: with 0.1 the paper's scores go down to −27
OFFSET = 0.08  # between the markers of two algorithms, in sizes of demonstration sets
SPREAD = 0.68  # of the learners of an environment, as a share of the distance to the next one
MARGIN = 0.15  # above and below all means of a panel, as a share of their range; intervals are cut there


def score_figures(grid: Grid) -> dict[str, Figure]:
    """Return the figures of what a grid holds, by name: against environments, or against numbers of trajectories."""
    if not grid.has_sets:
        return {"scores": environments_figure(grid)}
    figures = {
        "scores": sizes_figure(grid, "normalized", "normalised score"),
        "returns": sizes_figure(grid, "mean_return", "return"),
    }
    return figures | ({"entropy": entropy_figure(grid.entropy)} if len(grid.entropy.ours) else {})


def environments_figure(grid: Grid) -> Figure:
    """Draw each environment's normalised scores: a dot a run, the mean with its interval, and the paper's score."""
    ours, original = grid.sampled
    names = ours["environment"].unique(maintain_order=True).to_list()
    figure, axes = plt.subplots(figsize=(1.2 + 1.9 * len(names), 4.2))
    _draw_scale(axes, ours, "normalized")
    for number, learner in enumerate(grid.learners):
        color, offset = actor(learner).color, SPREAD * ((number + 0.5) / len(grid.learners) - 0.5)
        for position, environment in enumerate(names):
            rows = ours.filter(environment=environment, algorithm=learner)
            values, x = rows["normalized"].drop_nulls().to_list(), position + offset
            if not values:
                continue
            mean, margin = _mean_and_margin(values)
            axes.plot([x - 0.06 * (1 + i % 2) for i in range(len(values))], values, ".", color=color, alpha=0.45, ms=7)
            axes.errorbar(x, mean, margin, fmt=actor(learner).marker, color=color, capsize=4, markersize=9)
            papers = original.join(rows, on=(*CELL, "algorithm"), how="semi")["normalized"]
            if len(papers):
                axes.plot(x + 0.1, papers.to_numpy().mean(), "D", color=color, markerfacecolor="white", markersize=6)
    axes.set_xticks(range(len(names)), names)
    axes.set(xlim=(-0.5, len(names) - 0.5), ylabel="normalised score")
    axes.grid(visible=False, axis="x")
    hollow = Line2D([], [], color="0.4", marker="D", markerfacecolor="white", linestyle="", label="the paper's")
    handles = [*learner_handles(grid.learners, markersize=9), hollow, *level_handles("demonstrations", "random")]
    legend_below(figure, handles, ncols=len(handles))
    sns.despine(figure)
    return figure


def sizes_figure(grid: Grid, column: str, label: str) -> Figure:
    """Draw a panel for each environment: a score against the number of trajectories, a line for each algorithm.

    Args:
        grid: Drawn are its `sampled` policies.
        column: The score: normalized or mean_return.
        label: Its axis.
    """
    policies = grid.sampled
    environments = policies.ours["environment"].unique(maintain_order=True).to_list()
    figure, panels = panels_of(environments, "trajectories", label)
    for axes, environment in zip(panels, environments, strict=True):
        rows, theirs = (either.filter(environment=environment) for either in policies)
        sizes = rows["trajectories"].unique().sort().to_list()
        levels = _draw_scale(axes, rows, column)
        if column == "mean_return":
            for level in theirs["expert_return"].head(1):
                axes.axhline(level, zorder=1, **ORIGINAL_EXPERT)
                levels.append(level)
        for number, algorithm in enumerate(grid.learners):
            offset = OFFSET * (number - (len(grid.learners) - 1) / 2)
            for either, hollow in ((theirs, True), (rows, False)):
                of_algorithm = either.filter(algorithm=algorithm)
                levels += _draw_line(axes, of_algorithm, sizes, offset, column, algorithm, hollow=hollow)
        margin = MARGIN * (max(levels) - min(levels))
        axes.set_ylim(min(levels) - margin, max(levels) + margin)
        axes.set_xticks(range(len(sizes)), [str(size) for size in sizes])
        axes.set_xlim(-0.5, len(sizes) - 0.5)
        axes.grid(visible=False, axis="x")
    handles = [
        *learner_handles(grid.learners),
        ORIGINAL,
        *level_handles("demonstrations", "random"),
        *([Line2D([], [], label="the paper's expert", **ORIGINAL_EXPERT)] if column == "mean_return" else []),
    ]
    figure.legend(handles=handles, loc="outside upper center", ncols=len(handles), columnspacing=1.2, frameon=False)
    return figure


def entropy_figure(policies: Compared) -> Figure:
    """Draw `Grid.entropy`: normalised score against the number of trajectories, a line for each λ."""
    ours, original = policies
    sizes = ours["trajectories"].unique().sort().to_list()
    weights = ours["entropy_coefficient"].unique().sort().to_list()
    colors = sns.color_palette("viridis", len(weights)).as_hex()
    figure, axes = plt.subplots(figsize=(6.5, 4.2))
    levels = _draw_scale(axes, ours, "normalized")
    for number, (weight, color) in enumerate(zip(weights, colors, strict=True)):
        offset = OFFSET * (number - (len(weights) - 1) / 2)
        for rows, hollow in ((original, True), (ours, False)):
            of_weight = rows.filter(entropy_coefficient=weight)
            levels += _draw_line(axes, of_weight, sizes, offset, "normalized", HEADLINE, hollow=hollow, color=color)
    axes.set_xticks(range(len(sizes)), [str(size) for size in sizes])
    axes.grid(visible=False, axis="x")
    highest = max(levels) + MARGIN * (max(levels) - LOWEST_SHOWN)
    axes.set(xlabel="trajectories", ylabel="normalised score", ylim=(LOWEST_SHOWN, highest))
    handles = [
        Line2D([], [], color=color, marker="o", label=f"λ = {weight:g}")
        for weight, color in zip(weights, colors, strict=True)
    ]
    handles += [ORIGINAL, *level_handles("demonstrations", "random")]
    axes.legend(handles=handles, frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5))
    sns.despine(figure)
    return figure


def _draw_scale(axes: Axes, rows: pl.DataFrame, column: str) -> list[float]:
    """Draw, and return, what the demonstrations, if that is known, and the random policy make."""
    levels = {"demonstrations": 1.0, "random": 0.0}
    if column == "mean_return":
        levels = levels_of(rows)
    for name, level in levels.items():
        axes.axhline(level, zorder=1, **level_style(name))
    return list(levels.values())


def _draw_line(
    axes: Axes,
    rows: pl.DataFrame,
    sizes: Sequence[int],
    offset: float,
    column: str,
    algorithm: str,
    *,
    hollow: bool,
    color: str | None = None,
) -> list[float]:
    """Draw means over runs, with their intervals where there are several runs, from left to right; return the means."""
    places, means, margins = [], [], []
    for place, size in enumerate(sizes):
        values = rows.filter(trajectories=size)[column].drop_nulls().to_list()
        if values:
            mean, margin = _mean_and_margin(values)
            places.append(place + offset)
            means.append(mean)
            margins.append(margin)
    style = {"linestyle": ":", "markerfacecolor": "white", "alpha": 0.7} if hollow else {"linestyle": "-"}
    axes.errorbar(
        places,
        means,
        None if hollow else margins,
        color=color or LEARNERS[algorithm].color,
        marker=LEARNERS[algorithm].marker,
        markersize=5 if hollow else 6,
        linewidth=1.2,
        capsize=2,
        zorder=2 if hollow else 3,
        **style,
    )
    return means


def _mean_and_margin(values: Sequence[float]) -> tuple[float, float]:
    summary = score(values)
    return summary.value, summary.ci95[1] - summary.value if summary.ci95 else nan
