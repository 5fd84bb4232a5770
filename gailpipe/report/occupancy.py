"""The figure of where policies go, and how GAIL's discriminator judges the places."""

from collections.abc import Mapping
from dataclasses import dataclass

import matplotlib.pyplot as plt
import polars as pl
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from gailpipe.report.style import COLORS, LABELS, POLICIES

STEEPEST = 3.0  # logits beyond this have the same colour
LEVELS = (-2, -1, 0, 1, 2)


@dataclass(frozen=True)
class TaskVisits:
    """What the `visits` stage made of a task: see `gailpipe.evaluation.visits.make_visits`."""

    states: pl.DataFrame
    distances: pl.DataFrame
    judged: pl.DataFrame


def occupancy_figure(visits: Mapping[str, TaskVisits]) -> Figure:
    """Draw, for each task, the states of the expert, BC and GAIL in one plane, and the discriminator over it."""
    columns = len(POLICIES) + 1
    figure, grid = plt.subplots(
        len(visits), columns, figsize=(2.9 * columns, 2.7 * len(visits)), sharex="row", sharey="row", squeeze=False
    )
    for row, (task, of_task) in zip(grid, visits.items(), strict=True):
        for axes, policy in zip(row, POLICIES, strict=False):
            _draw_states(axes, of_task, policy)
        _draw_judged(row[-1], of_task)
        row[0].set_ylabel(task, fontweight="bold")
    for axes, policy in zip(grid[0], POLICIES, strict=False):
        axes.set_title(LABELS[policy])
    grid[0, -1].set_title("discriminator")
    figure.tight_layout()
    return figure


def _draw_states(axes: Axes, visits: TaskVisits, policy: str) -> None:
    expert, own = visits.states.filter(policy="expert"), visits.states.filter(policy=policy)
    if policy != "expert":
        axes.scatter(expert["x"], expert["y"], color="0.8", s=5, linewidths=0, rasterized=True)
    axes.scatter(own["x"], own["y"], color=COLORS[policy], alpha=0.6, s=5, linewidths=0, rasterized=True)
    distance = visits.distances.filter(policy=policy)["inhomogeneity"].item()
    axes.text(0.03, 0.97, f"{distance:z.3f}", transform=axes.transAxes, va="top")
    axes.set(xticks=[], yticks=[])


def _draw_judged(axes: Axes, visits: TaskVisits) -> None:
    expert, side = visits.states.filter(policy="expert"), visits.judged["x"].n_unique()
    x, y, logits = (visits.judged[name].to_numpy().reshape(-1, side) for name in ("x", "y", "logit"))
    colors = sns.color_palette("vlag_r", as_cmap=True)
    axes.pcolormesh(x, y, logits, cmap=colors, vmin=-STEEPEST, vmax=STEEPEST, shading="gouraud", rasterized=True)
    axes.contour(x, y, logits, levels=LEVELS, colors="0.35", linewidths=0.6)  # dashed below 0
    axes.scatter(expert["x"], expert["y"], color="black", alpha=0.3, s=3, linewidths=0, rasterized=True)
    axes.set(xticks=[], yticks=[])
