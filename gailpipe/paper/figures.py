"""The paper's figures, remade: ours in full, the paper's points hollow beside them."""

from collections.abc import Sequence
from math import ceil

import polars as pl
import seaborn as sns
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from gailpipe.evaluation.scores import score
from gailpipe.paper.results import STARTS, Compared
from gailpipe.report.style import COLORS, DASHES, LABELS, MARKERS

ALGORITHMS = ("bc", "fem", "gtal", "gail", "gail-bc")
COLUMNS = 3
ORIGINAL = Line2D([], [], color="0.4", marker="o", markerfacecolor="white", linestyle=":", label="the paper's")
LOWEST_SHOWN = -2.0  # of the study of λ: with 0.1 the paper's scores go down to −27
OFFSET = 0.12  # between the markers of two algorithms, in sizes of demonstration sets
MARGIN = 0.15  # above and below all means of a panel, as a share of their range; intervals are cut there


def scores_figure(policies: Compared, column: str, label: str) -> Figure:
    """Draw a panel for each environment: a score against the number of trajectories, a line for each algorithm.

    Args:
        policies: `Grid.subsampled`.
        column: The score: normalized or mean_return.
        label: Its axis.
    """
    ours, original = policies
    environments = ours["environment"].unique(maintain_order=True).to_list()
    figure, panels = _panels(environments, "trajectories", label)
    for axes, environment in zip(panels, environments, strict=True):
        rows = ours.filter(environment=environment)
        sizes = rows["trajectories"].unique().sort().to_list()
        levels = _draw_scale(axes, rows, column)
        if column == "mean_return":
            for level in original.filter(environment=environment)["expert_return"].head(1):
                axes.axhline(level, color=ORIGINAL.get_color(), linestyle=":", linewidth=1.2, zorder=1)
                levels.append(level)
        theirs = original.filter(environment=environment)
        for number, algorithm in enumerate(ALGORITHMS):
            offset = OFFSET * (number - (len(ALGORITHMS) - 1) / 2)
            for either, hollow in ((rows, False), (theirs, True)):
                of_algorithm = either.filter(algorithm=algorithm)
                levels += _draw_line(axes, of_algorithm, sizes, offset, column, algorithm, hollow=hollow)
        margin = MARGIN * (max(levels) - min(levels))
        axes.set_ylim(min(levels) - margin, max(levels) + margin)
        axes.set_xticks(range(len(sizes)), [str(size) for size in sizes])
        axes.set_xlim(-0.5, len(sizes) - 0.5)
        axes.grid(visible=False, axis="x")
    drawn = [name for name in ALGORITHMS if name in {*ours["algorithm"], *original["algorithm"]}]
    handles = [
        *(Line2D([], [], color=COLORS[name], marker=MARKERS[name], label=LABELS[name]) for name in drawn),
        ORIGINAL,
        *(
            Line2D([], [], color=COLORS[name], linestyle=DASHES[name], label=LABELS[name])
            for name in ("expert", "random")
        ),
    ]
    figure.legend(handles=handles, loc="outside upper center", ncols=len(handles), frameon=False)
    return figure


def entropy_figure(policies: Compared) -> Figure:
    """Draw `Grid.entropy`: normalised score against the number of trajectories, a line for each λ."""
    ours, original = policies
    sizes = ours["trajectories"].unique().sort().to_list()
    weights = ours["entropy_coefficient"].unique().sort().to_list()
    colors = sns.color_palette("viridis", len(weights)).as_hex()
    figure, axes = plt.subplots(figsize=(6.5, 4.2))
    _draw_scale(axes, ours, "normalized")
    for number, (weight, color) in enumerate(zip(weights, colors, strict=True)):
        offset = OFFSET * (number - (len(weights) - 1) / 2)
        for rows, hollow in ((ours, False), (original, True)):
            of_weight = rows.filter(entropy_coefficient=weight)
            _draw_line(axes, of_weight, sizes, offset, "normalized", "gail", hollow=hollow, color=color)
    axes.set_xticks(range(len(sizes)), [str(size) for size in sizes])
    axes.grid(visible=False, axis="x")
    axes.set(xlabel="trajectories", ylabel="normalised score", ylim=(LOWEST_SHOWN, None))
    handles = [
        Line2D([], [], color=color, marker="o", label=f"λ = {weight:g}")
        for weight, color in zip(weights, colors, strict=True)
    ]
    axes.legend(handles=[*handles, ORIGINAL], frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5))
    sns.despine(figure)
    return figure


def learning_figure(curves: pl.DataFrame) -> Figure:
    """Draw a panel for each kind of demonstrations: normalised return while GAIL learns, a line for each size.

    Args:
        curves: As `learning_curves` returns them.
    """
    figure, panels = _draw_learning(curves, "trajectories", "flare")
    for axes in panels:
        axes.legend(title="trajectories", fontsize="x-small", title_fontsize="x-small")
    return figure


def cloning_figure(curves: pl.DataFrame) -> Figure:
    """Draw how GAIL learns from a cloned and from a random policy, in a panel for each kind of demonstrations cloned.

    Args:
        curves: As `learning_curves` returns them; drawn are the fewest trajectories of each kind that were cloned.
    """
    cloned = curves.filter(algorithm="gail-bc").group_by("demonstrations").agg(pl.col("trajectories").min())
    both = curves.join(cloned, on=("demonstrations", "trajectories"), how="semi", maintain_order="left")
    labelled = both.with_columns(pl.col("algorithm").replace(LABELS))
    palette = {LABELS[name]: COLORS[name] for name in STARTS}
    figure, panels = _draw_learning(labelled, "algorithm", palette)
    for axes in panels:
        axes.legend(fontsize="x-small")
    return figure


def _draw_learning(curves: pl.DataFrame, hue: str, palette: str | dict[str, str]) -> tuple[Figure, list[Axes]]:
    """Draw curves in a panel for each kind of demonstrations, coloured by a column; bands span all runs."""
    kinds = curves["demonstrations"].unique(maintain_order=True).to_list()
    figure, panels = _panels(kinds, "million environment steps", "normalised return")
    for axes, kind in zip(panels, kinds, strict=True):
        rows = curves.filter(demonstrations=kind).to_dict(as_series=False)
        sns.lineplot(rows, x="million_steps", y="normalized", hue=hue, palette=palette, errorbar=("pi", 100), ax=axes)
        axes.axhline(1, color=COLORS["expert"], linestyle=DASHES["expert"], linewidth=1.2)
        axes.set(xlabel=None, ylabel=None)
    return figure, panels


def _panels(titles: Sequence[str], x_label: str, y_label: str) -> tuple[Figure, list[Axes]]:
    """Return a figure with a panel for each title."""
    columns = min(COLUMNS, len(titles))
    rows = ceil(len(titles) / columns)
    figure, grid = plt.subplots(rows, columns, figsize=(4.4 * COLUMNS, 3.2 * rows), squeeze=False, layout="constrained")
    for axes, title in zip(grid.flat, titles, strict=False):
        axes.set_title(title)
    for axes in grid.flat[len(titles) :]:
        axes.remove()
    figure.supxlabel(x_label, fontsize="medium")
    figure.supylabel(y_label, fontsize="medium")
    sns.despine(figure)
    return figure, list(grid.flat[: len(titles)])


def _draw_scale(axes: Axes, rows: pl.DataFrame, column: str) -> list[float]:
    """Draw, and return, what the expert and the random policy make."""
    levels = {"expert": 1.0, "random": 0.0}
    if column == "mean_return":
        levels = {"expert": rows["expert_return"][0], "random": rows["random_return"].to_numpy().mean()}
    for name, level in levels.items():
        axes.axhline(level, color=COLORS[name], linestyle=DASHES[name], linewidth=1.2, zorder=1)
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
            margins.append(summary.ci95[1] - summary.value if summary.ci95 else 0.0)
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
        **style,
    )
    return means
