"""The figures of episodes: what they return, and where they go."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import polars as pl
import seaborn as sns
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from gailpipe.algorithms.catalogue import actor
from gailpipe.foundation.tables import read_table
from gailpipe.grid.policies import Grid
from gailpipe.report.style import legend_below, level_handles, level_style, levels_of, shown

BINS = 40
MEANS_HEIGHT = 1.08  # above the bars, which end at 1
MARGIN = 0.04  # beside what is shown, of its width
STEEPEST = 3.0  # logits beyond this have the same colour
CONTOURS = (-2, -1, 0, 1, 2)


def returns_figure(grid: Grid, episodes: Mapping[str, pl.DataFrame]) -> Figure:
    """Draw histograms of the expert's, if there is one, and each learner's returns; each deterministic policy's mean.

    Args:
        grid: Has one cell of each environment.
        episodes: Each environment's, as `gailpipe.evaluation.returns.SCHEMA` says.
    """
    judged = {name for of_environment in episodes.values() for name in of_environment["policy"]}
    policies = [name for name in ("expert", *grid.learners) if name in judged]
    size = (3.4 * len(episodes), 1.7 * len(policies))
    figure, panels = plt.subplots(len(policies), len(episodes), figsize=size, sharex="col", sharey=True, squeeze=False)
    for column, (environment, of_environment) in zip(panels.T, episodes.items(), strict=True):
        levels = levels_of(grid.plain.filter(environment=environment))
        for axes, policy in zip(column, policies, strict=True):
            _draw_returns(axes, of_environment, policy, levels)
        column[0].set_title(environment, pad=16)
        column[-1].set_xlabel("return")
    for axes, policy in zip(panels[:, 0], policies, strict=True):
        axes.set_ylabel(actor(policy).label)
    figure.supylabel("share of episodes", fontsize="medium")
    handles = [
        Patch(color="0.4", alpha=0.45, label="deterministic"),
        Patch(edgecolor="0.4", fill=False, label="stochastic"),
        Line2D([], [], color="0.4", marker="o", linestyle="", label="a deterministic policy's mean"),
        *level_handles("demonstrations", "random"),
    ]
    legend_below(figure, handles, ncols=5)
    figure.tight_layout()
    sns.despine(figure)
    return figure


def _draw_returns(axes: Axes, episodes: pl.DataFrame, policy: str, levels: Mapping[str, float]) -> None:
    shown = np.array([*episodes["return"], *levels.values()])
    bins, margin = np.histogram_bin_edges(shown, BINS), MARGIN * (np.ptp(shown) or 1.0)
    color = actor(policy).color
    for mode, style in (
        ("deterministic", {"fill": True, "alpha": 0.45, "linewidth": 0}),
        ("stochastic", {"fill": False}),
    ):
        returns = episodes.filter(policy=policy, mode=mode)["return"].to_numpy()
        if not len(returns):
            continue  # an environment may have no expert
        sns.histplot(returns, bins=bins, stat="proportion", element="step", color=color, legend=False, ax=axes, **style)
    for name, level in levels.items():
        axes.axvline(level, **level_style(name))
    runs = episodes.filter(policy=policy, mode="deterministic").group_by("seed", maintain_order=True)
    means = runs.agg(pl.col("return").mean())["return"]
    axes.plot(means, [MEANS_HEIGHT] * len(means), actor(policy).marker, color=color, alpha=0.7, clip_on=False)
    axes.set(ylim=(0, 1), ylabel=None, xlim=(bins[0] - margin, bins[-1] + margin))
    axes.xaxis.set_major_locator(MaxNLocator(3))


def occupancy_figure(grid: Grid, directories: Mapping[str, Path]) -> Figure:
    """Draw states demonstrated and each learner's in one plane, and each learner's discriminator over it.

    Args:
        grid: Has one cell of each environment.
        directories: Of what the `occupancy` stage made of each environment.
    """
    occupancies = {
        environment: (
            read_table(directory / "states.parquet", ("policy", "x", "y")),
            read_table(directory / "distances.parquet", ("policy", "inhomogeneity")),
            read_table(directory / "judged.parquet", ("policy", "x", "y", "logit")),
        )
        for environment, directory in directories.items()
    }
    there = set.intersection(*({*distances["policy"]} for _, distances, _ in occupancies.values()))
    policies = ["demonstrations", *(name for name in grid.learners if name in there)]
    judges = [name for name in grid.learners if any(name in judged["policy"] for *_, judged in occupancies.values())]
    columns = len(policies) + len(judges)
    size = (2.9 * columns, 2.7 * len(occupancies))
    figure, panels = plt.subplots(len(occupancies), columns, figsize=size, sharex="row", sharey="row", squeeze=False)
    for row, (environment, (states, distances, judged)) in zip(panels, occupancies.items(), strict=True):
        for axes, policy in zip(row, policies, strict=False):
            distance = distances.filter(policy=policy)["inhomogeneity"].item()
            _draw_states(axes, states, policy, "—" if distance is None else f"{distance:z.3f}")
        for axes, policy in zip(row[len(policies) :], judges, strict=True):
            _draw_judged(axes, states.filter(policy="demonstrations"), judged.filter(policy=policy))
        row[0].set_ylabel(environment, fontweight="bold")
    titles = [shown(policy).label for policy in policies]
    titles += [f"{actor(judge).label}'s discriminator" if len(judges) > 1 else "discriminator" for judge in judges]
    for axes, title in zip(panels[0], titles, strict=True):
        axes.set_title(title)
    figure.tight_layout()
    return figure


def _draw_states(axes: Axes, states: pl.DataFrame, policy: str, text: str) -> None:
    demonstrated, own = states.filter(policy="demonstrations"), states.filter(policy=policy)
    if policy != "demonstrations":
        axes.scatter(demonstrated["x"], demonstrated["y"], color="0.8", s=5, linewidths=0, rasterized=True)
    axes.scatter(own["x"], own["y"], color=shown(policy).color, alpha=0.6, s=5, linewidths=0, rasterized=True)
    axes.text(0.03, 0.97, text, transform=axes.transAxes, va="top")
    axes.set(xticks=[], yticks=[])


def _draw_judged(axes: Axes, demonstrated: pl.DataFrame, judged: pl.DataFrame) -> None:
    side = judged["x"].n_unique()
    x, y, logits = (judged[name].to_numpy().reshape(-1, side) for name in ("x", "y", "logit"))
    colors = sns.color_palette("vlag_r", as_cmap=True)
    axes.pcolormesh(x, y, logits, cmap=colors, vmin=-STEEPEST, vmax=STEEPEST, shading="gouraud", rasterized=True)
    axes.contour(x, y, logits, levels=CONTOURS, colors="0.35", linewidths=0.6)  # dashed below 0
    axes.scatter(demonstrated["x"], demonstrated["y"], color="black", alpha=0.3, s=3, linewidths=0, rasterized=True)
    axes.set(xticks=[], yticks=[])
