"""The figures of scores, remade: ours in full, the paper's points hollow beside them."""

from collections.abc import Sequence
from math import nan
from typing import Any

import polars as pl
import seaborn as sns
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from gailpipe.evaluation.scores import score
from gailpipe.paper.panels import panels_of
from gailpipe.paper.results import Compared
from gailpipe.report.style import COLORS, LABELS, MARKERS, level_handles, level_style

ALGORITHMS = ("bc", "fem", "gtal", "gail", "gail-bc")
ORIGINAL = Line2D([], [], color="0.4", marker="o", markerfacecolor="white", linestyle=":", label="the paper's")
ORIGINAL_EXPERT: dict[str, Any] = {"color": "0.4", "linewidth": 1.2, "linestyle": (0, (4, 1, 1, 1))}
LOWEST_SHOWN = -2.0  # of the study of λ: with 0.1 the paper's scores go down to −27
OFFSET = 0.08  # between the markers of two algorithms, in sizes of demonstration sets
MARGIN = 0.15  # above and below all means of a panel, as a share of their range; intervals are cut there


def scores_figure(policies: Compared, column: str, label: str) -> Figure:
    """Draw a panel for each environment: a score against the number of trajectories, a line for each algorithm.

    Args:
        policies: `Grid.sampled`.
        column: The score: normalized or mean_return.
        label: Its axis.
    """
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
        for number, algorithm in enumerate(ALGORITHMS):
            offset = OFFSET * (number - (len(ALGORITHMS) - 1) / 2)
            for either, hollow in ((theirs, True), (rows, False)):
                of_algorithm = either.filter(algorithm=algorithm)
                levels += _draw_line(axes, of_algorithm, sizes, offset, column, algorithm, hollow=hollow)
        margin = MARGIN * (max(levels) - min(levels))
        axes.set_ylim(min(levels) - margin, max(levels) + margin)
        axes.set_xticks(range(len(sizes)), [str(size) for size in sizes])
        axes.set_xlim(-0.5, len(sizes) - 0.5)
        axes.grid(visible=False, axis="x")
    drawn = [name for name in ALGORITHMS if name in {*policies.ours["algorithm"], *policies.original["algorithm"]}]
    handles = [
        *(Line2D([], [], color=COLORS[name], marker=MARKERS[name], label=LABELS[name]) for name in drawn),
        ORIGINAL,
        *level_handles("expert", "random"),
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
            levels += _draw_line(axes, of_weight, sizes, offset, "normalized", "gail", hollow=hollow, color=color)
    axes.set_xticks(range(len(sizes)), [str(size) for size in sizes])
    axes.grid(visible=False, axis="x")
    highest = max(levels) + MARGIN * (max(levels) - LOWEST_SHOWN)
    axes.set(xlabel="trajectories", ylabel="normalised score", ylim=(LOWEST_SHOWN, highest))
    handles = [
        Line2D([], [], color=color, marker="o", label=f"λ = {weight:g}")
        for weight, color in zip(weights, colors, strict=True)
    ]
    handles += [ORIGINAL, *level_handles("expert", "random")]
    axes.legend(handles=handles, frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5))
    sns.despine(figure)
    return figure


def _draw_scale(axes: Axes, rows: pl.DataFrame, column: str) -> list[float]:
    """Draw, and return, what the expert and the random policy make."""
    levels = {"expert": 1.0, "random": 0.0}
    if column == "mean_return":
        levels = {"expert": rows["expert_return"][0], "random": rows["random_return"][0]}
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
    color = color or COLORS[algorithm]
    places, means, margins = [], [], []
    for place, size in enumerate(sizes):
        values = rows.filter(trajectories=size)[column].to_list()
        if values:
            summary = score(values)
            places.append(place + offset)
            means.append(summary.value)
            margins.append(summary.ci95[1] - summary.value if summary.ci95 else nan)
    style = {"linestyle": ":", "markerfacecolor": "white", "alpha": 0.7} if hollow else {"linestyle": "-"}
    axes.errorbar(
        places,
        means,
        None if hollow else margins,
        color=color,
        marker=MARKERS[algorithm],
        markersize=5 if hollow else 6,
        linewidth=1.2,
        capsize=2,
        zorder=2 if hollow else 3,
        **style,
    )
    return means
