"""The figure of what episodes return."""

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl
import seaborn as sns
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from gailpipe.report.results import TaskResult
from gailpipe.report.style import COLORS, LABELS, MARKERS, POLICIES, level_handles, level_style

BINS = 40
MEANS_HEIGHT = 1.08  # above the bars, which end at 1
MARGIN = 0.04  # beside what is shown, of its width


def returns_figure(results: Sequence[TaskResult], evaluations: Mapping[str, pl.DataFrame]) -> Figure:
    """Draw histograms of the expert's, BC's and GAIL's returns, and each deterministic policy's mean.

    Args:
        results: One per task.
        evaluations: Each task's episodes, as `gailpipe.evaluation.returns.SCHEMA` says.
    """
    figure, grid = plt.subplots(
        len(POLICIES),
        len(results),
        figsize=(3.4 * len(results), 1.7 * len(POLICIES)),
        sharex="col",
        sharey=True,
        squeeze=False,
    )
    for column, result in zip(grid.T, results, strict=True):
        evaluation = evaluations[result.task]
        for axes, policy in zip(column, POLICIES, strict=True):
            _draw(axes, result, evaluation, policy)
        column[0].set_title(result.task, pad=16)
        column[-1].set_xlabel("return")
    for axes, policy in zip(grid[:, 0], POLICIES, strict=True):
        axes.set_ylabel(LABELS[policy])
    figure.supylabel("share of episodes", fontsize="medium")
    figure.legend(handles=_handles(), loc="lower center", ncols=5, frameon=False, bbox_to_anchor=(0.5, -0.08))
    figure.tight_layout()
    sns.despine(figure)
    return figure


def _draw(axes: Axes, result: TaskResult, evaluation: pl.DataFrame, policy: str) -> None:
    levels = {"expert": result.expert_return, "random": result.random_return}
    shown = np.array([*evaluation["return"], *levels.values()])
    bins, margin = np.histogram_bin_edges(shown, BINS), MARGIN * (np.ptp(shown) or 1.0)
    for mode, style in (
        ("deterministic", {"fill": True, "alpha": 0.45, "linewidth": 0}),
        ("stochastic", {"fill": False}),
    ):
        returns = evaluation.filter(policy=policy, mode=mode)["return"].to_numpy()
        sns.histplot(
            returns, bins=bins, stat="proportion", element="step", color=COLORS[policy], legend=False, ax=axes, **style
        )
    for name, level in levels.items():
        axes.axvline(level, **level_style(name))
    runs = evaluation.filter(policy=policy, mode="deterministic").group_by("seed", maintain_order=True)
    means = runs.agg(pl.col("return").mean())["return"]
    axes.plot(means, [MEANS_HEIGHT] * len(means), MARKERS[policy], color=COLORS[policy], alpha=0.7, clip_on=False)
    axes.set(ylim=(0, 1), ylabel=None, xlim=(bins[0] - margin, bins[-1] + margin))
    axes.xaxis.set_major_locator(MaxNLocator(3))


def _handles() -> list[Line2D | Patch]:
    return [
        Patch(color="0.4", alpha=0.45, label="deterministic"),
        Patch(edgecolor="0.4", fill=False, label="stochastic"),
        Line2D([], [], color="0.4", marker="o", linestyle="", label="a deterministic policy's mean"),
        Line2D([], [], label="demonstrations", **level_style("expert")),
        *level_handles("random"),
    ]
