"""The report's figures."""

from collections.abc import Mapping, Sequence

import polars as pl
import seaborn as sns
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from gailpipe.report.results import TaskResult
from gailpipe.report.style import COLORS, DASHES, LABELS, MARKERS


def scores_figure(results: Sequence[TaskResult]) -> Figure:
    """Draw each task's normalised scores: a dot a seed, the mean with its interval, and the paper's score."""
    figure, axes = plt.subplots(figsize=(1.2 + 1.9 * len(results), 4.2))
    for level, name in ((1.0, "expert"), (0.0, "random")):
        axes.axhline(level, color=COLORS[name], linestyle="--", linewidth=1.2, zorder=1)
    for position, result in enumerate(results):
        for number, (name, learner) in enumerate(result.learners.items()):
            if learner.normalized is None:
                continue
            x = position + 0.68 * ((number + 0.5) / len(result.learners) - 0.5)
            mean = learner.normalized.value
            jitter = [x - 0.06 * (1 + i % 2) for i in range(len(learner.normalized_of_seeds))]
            axes.plot(jitter, learner.normalized_of_seeds, ".", color=COLORS[name], alpha=0.45, markersize=7)
            low, high = learner.normalized.ci95 or (mean, mean)
            axes.errorbar(
                x, mean, [[mean - low], [high - mean]], fmt=MARKERS[name], color=COLORS[name], capsize=4, markersize=9
            )
            if learner.paper is not None:
                axes.plot(x + 0.1, learner.paper, "D", color=COLORS[name], markerfacecolor="white", markersize=6)
    axes.set_xticks(range(len(results)), [result.task for result in results])
    axes.set_xlim(-0.5, len(results) - 0.5)
    axes.set_ylabel("normalised score")
    axes.grid(visible=False, axis="x")
    handles = [
        Line2D([], [], color=COLORS[name], marker=MARKERS[name], markersize=9, label=LABELS[name])
        for name in ("bc", "gail")
    ]
    handles += [
        Line2D([], [], color="0.4", marker="D", markerfacecolor="white", linestyle="", label="the paper's"),
        Line2D([], [], color=COLORS["expert"], linestyle="--", label="expert (1), random (0)"),
    ]
    figure.legend(handles=handles, loc="lower center", ncols=4, frameon=False, bbox_to_anchor=(0.5, -0.08))
    sns.despine(figure)
    return figure


def learning_figure(results: Sequence[TaskResult], curves: Mapping[str, pl.DataFrame], smoothing: int) -> Figure:
    """Draw GAIL's learning: return, and how often the discriminator is right, against environment steps.

    Args:
        results: One per task.
        curves: Each task's learning.parquet of GAIL.
        smoothing: Iterations that a point averages over.
    """
    figure, grid = plt.subplots(2, len(results), figsize=(3.4 * len(results), 5.6), sharex="col", squeeze=False)
    for column, result in enumerate(results):
        smooth = _smooth(curves[result.task], smoothing)
        _draw_returns(grid[0, column], result, smooth)
        _draw_accuracy(grid[1, column], smooth)
    grid[0, 0].set_ylabel("return")
    grid[1, 0].set_ylabel("discriminator's accuracy")
    handles = [Line2D([], [], color=COLORS["gail"], label="GAIL while training (band: all seeds)")]
    handles += [
        Line2D([], [], color=COLORS[name], linestyle=DASHES[name], label=LABELS[name])
        for name in ("expert", "bc", "random")
    ]
    handles += [
        Line2D([], [], color=COLORS["expert"], label="discriminator, on expert pairs"),
        Line2D([], [], color=COLORS["other"], label="on the policy's"),
    ]
    figure.legend(handles=handles, loc="lower center", ncols=6, frameon=False, bbox_to_anchor=(0.5, -0.06))
    figure.tight_layout()
    sns.despine(figure)
    return figure


def _draw_returns(axes: Axes, result: TaskResult, curves: pl.DataFrame) -> None:
    axes.set_title(result.task)
    returns = curves.drop_nulls("return").to_dict(as_series=False)
    sns.lineplot(returns, x="million_steps", y="return", color=COLORS["gail"], errorbar=("pi", 100), ax=axes)
    axes.axhline(result.expert_return, color=COLORS["expert"], linestyle=DASHES["expert"], linewidth=1.2)
    axes.axhline(result.learners["bc"].returns.value, color=COLORS["bc"], linestyle=DASHES["bc"], linewidth=1.5)
    axes.axhline(result.random_return, color=COLORS["random"], linestyle=DASHES["random"], linewidth=1.5)
    axes.set(xlabel=None, ylabel=None)


def _draw_accuracy(axes: Axes, curves: pl.DataFrame) -> None:
    for name, color in (("expert_accuracy", COLORS["expert"]), ("policy_accuracy", COLORS["other"])):
        sns.lineplot(
            curves.to_dict(as_series=False), x="million_steps", y=name, color=color, errorbar=("pi", 100), ax=axes
        )
    axes.axhline(0.5, color="0.8", linewidth=1)
    axes.set(ylim=(0, 1), xlabel="million environment steps", ylabel=None)


def _smooth(curves: pl.DataFrame, iterations: int) -> pl.DataFrame:
    figures = ["return", "expert_accuracy", "policy_accuracy"]
    return curves.select(
        "seed",
        pl.col("env_steps").truediv(1e6).alias("million_steps"),
        *(pl.col(name).rolling_mean(iterations, min_samples=1).over("seed") for name in figures),
    )
