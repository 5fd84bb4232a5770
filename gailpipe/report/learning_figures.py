"""The figures of learning: all metrics where a grid is small, returns alone where it has many sets."""

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl
import seaborn as sns
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from gailpipe.algorithms.catalogue import BASELINE, CLONED_FIRST, HEADLINE, actor
from gailpipe.grid.curves import STARTS
from gailpipe.grid.policies import Grid
from gailpipe.report.style import legend_below, level_handles, level_style, levels_of, panels_of

ROWS = {
    "return": ("return",),
    "discriminator's accuracy": ("expert_accuracy", "policy_accuracy"),
    "KL of a step": ("kl",),
    "entropy (nats)": ("entropy",),
}
DRAWN: Mapping[str, tuple[str, Any]] = {  # colour and dash
    "expert_accuracy": (actor("expert").color, "-"),
    "policy_accuracy": ("#029e73", (0, (3, 1))),
}
OWN: tuple[str, Any] = (actor(HEADLINE).color, "-")


def learning_figures(grid: Grid, curves: pl.DataFrame) -> dict[str, Figure]:
    """Return the figures of what a grid holds, by name; `curves` as `learning_curves` returns them."""
    if not grid.has_sets:
        return {"learning": metrics_figure(grid, curves)}
    figures = {"learning": learning_figure(curves, grid.plain)}
    return figures | ({"cloning": cloning_figure(curves, grid.plain)} if CLONED_FIRST in grid.learners else {})


def metrics_figure(grid: Grid, curves: pl.DataFrame) -> Figure:
    """Draw return, the discriminator's accuracy, KL and entropy against environment steps, a column an environment."""
    names = curves["environment"].unique(maintain_order=True).to_list()
    size = (3.4 * len(names), 2.4 * len(ROWS))
    figure, panels = plt.subplots(len(ROWS), len(names), figsize=size, sharex="col", squeeze=False)
    for column, name in zip(panels.T, names, strict=True):
        for axes, metrics in zip(column, ROWS.values(), strict=True):
            _draw_metrics(axes, curves.filter(environment=name, algorithm=HEADLINE), metrics)
        column[0].set_title(name)
        policies = grid.plain.filter(environment=name)
        baseline = policies.filter(algorithm=BASELINE)["mean_return"].to_numpy().mean()
        for policy, level in (levels_of(policies) | {BASELINE: baseline}).items():
            column[0].axhline(level, **level_style(policy))
        column[1].axhline(0.5, color="0.8", linewidth=1)
        column[1].set_ylim(0, 1)
        column[2].set_ylim(bottom=0)
        column[-1].set_xlabel("million environment steps")
    for axes, label in zip(panels[:, 0], ROWS, strict=True):
        axes.set_ylabel(label)
    figure.align_ylabels()
    labels = {"expert_accuracy": "discriminator, on demonstrated pairs", "policy_accuracy": "on the policy's"}
    handles = [
        Line2D([], [], color=OWN[0], label=f"{actor(HEADLINE).label} while training (band: all seeds)"),
        *level_handles("demonstrations", BASELINE, "random"),
        *(Line2D([], [], color=DRAWN[key][0], linestyle=DRAWN[key][1], label=label) for key, label in labels.items()),
    ]
    legend_below(figure, handles, ncols=3, below=0.06)
    figure.tight_layout()
    sns.despine(figure)
    return figure


def _draw_metrics(axes: Axes, curves: pl.DataFrame, names: Sequence[str]) -> None:
    for name in names:
        color, dash = DRAWN.get(name, OWN)
        points = curves.drop_nulls(name).to_dict(as_series=False)
        sns.lineplot(points, x="million_steps", y=name, color=color, linestyle=dash, errorbar=("pi", 100), ax=axes)
    axes.set(xlabel=None, ylabel=None)


def learning_figure(curves: pl.DataFrame, policies: pl.DataFrame) -> Figure:
    """Draw a panel for each kind of demonstrations: normalised return while learning, a line for each size.

    Args:
        curves: As `learning_curves` returns them.
        policies: `Grid.plain`.
    """
    own = curves.filter(algorithm=HEADLINE)
    titles = {kind: _title(kind) for kind in own["demonstrations"].unique(maintain_order=True)}
    figure, panels = _draw_learning(own, policies, titles, "trajectories", "flare")
    for axes in panels:
        handles, sizes = axes.get_legend_handles_labels()
        axes.legend(handles, sizes, title="trajectories", fontsize="x-small", title_fontsize="x-small")
    return figure


def cloning_figure(curves: pl.DataFrame, policies: pl.DataFrame) -> Figure:
    """Draw learning from a cloned and from a random policy, in a panel for each kind of demonstrations cloned.

    Args:
        curves: As `learning_curves` returns them; drawn are the fewest trajectories of each kind that were cloned.
        policies: `Grid.plain`.
    """
    cloned = curves.filter(algorithm=CLONED_FIRST).group_by("demonstrations", maintain_order=True)
    fewest = cloned.agg(pl.col("trajectories").min())
    both = curves.join(fewest, on=("demonstrations", "trajectories"), how="semi", maintain_order="left")
    titles = {kind: f"{_title(kind)}, from {trajectories}" for kind, trajectories in fewest.iter_rows()}
    palette = {name: actor(name).color for name in STARTS}
    figure, panels = _draw_learning(both, policies, titles, "algorithm", palette)
    for axes in panels:
        handles, names = axes.get_legend_handles_labels()
        axes.legend(handles, [actor(name).label for name in names], fontsize="x-small")
    return figure


def _draw_learning(
    curves: pl.DataFrame, policies: pl.DataFrame, titles: dict[str, str], hue: str, palette: str | dict[str, str]
) -> tuple[Figure, list[Axes]]:
    """Draw curves in a panel for each kind of demonstrations, coloured by a column; bands span all runs.

    A star at the end of each is the stochastic score of the last policies.
    """
    figure, panels = panels_of(list(titles.values()), "million environment steps", "normalised return")
    cell = ("demonstrations", "trajectories", "algorithm")
    scores = policies.group_by(cell).agg(normalized=pl.col("stochastic_normalized").mean())
    ends = curves.group_by(cell, maintain_order=True).agg(pl.col("million_steps").max())
    last = ends.join(scores, on=cell, maintain_order="left")
    for axes, kind in zip(panels, titles, strict=True):
        rows, stars = (
            table.filter(demonstrations=kind).drop_nulls("normalized").to_dict(as_series=False)
            for table in (curves, last)
        )
        drawn: dict[str, Any] = {"x": "million_steps", "y": "normalized", "hue": hue, "palette": palette, "ax": axes}
        if rows["million_steps"]:  # there is a scale
            sns.lineplot(rows, **drawn, errorbar=("pi", 100))
            sns.scatterplot(stars, **drawn, marker="*", s=120, legend=False, zorder=3, clip_on=False)
        axes.axhline(1, **level_style("demonstrations"))
        axes.set(xlabel=None, ylabel=None)
    return figure, panels


def _title(demonstrations: str) -> str:
    return demonstrations.replace("-full", ", whole")
