"""The figure of how GAIL learns, and the same curves as a table."""

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl
import seaborn as sns
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from gailpipe.report.results import TaskResult
from gailpipe.report.style import COLORS, level_handles, level_style

CURVES = ("seed", "env_steps", "return", "expert_accuracy", "policy_accuracy", "kl", "entropy")
ROWS = {
    "return": ("return",),
    "discriminator's accuracy": ("expert_accuracy", "policy_accuracy"),
    "KL of a step": ("kl",),
    "entropy (nats)": ("entropy",),
}
DRAWN: Mapping[str, tuple[str, Any]] = {  # colour and dash
    "expert_accuracy": ("expert", "-"),
    "policy_accuracy": ("other", (0, (3, 1))),
}


def smooth(curves: pl.DataFrame, share: float) -> pl.DataFrame:
    """Return the curves with each point the mean of the iterations around it, against millions of steps.

    Args:
        curves: seed, env_steps, and what is averaged; a row for each iteration, of runs that are equally long.
        share: Of a run's iterations, how many a point averages over; those without a value do not count.
    """
    iterations = round(share * len(curves) / curves["seed"].n_unique())
    return curves.select(
        "seed",
        pl.col("env_steps").truediv(1e6).alias("million_steps"),
        pl.exclude("seed", "env_steps").rolling_mean(max(1, iterations), min_samples=1, center=True).over("seed"),
    )


def learning_table(curves: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Return the mean return over seeds while GAIL learns, of all tasks; `curves` as `learning_figure` takes them."""
    means = [
        of_task.group_by("million_steps", maintain_order=True)
        .agg(pl.col("return").mean())
        .select(pl.lit(task).alias("task"), "million_steps", "return")
        for task, of_task in curves.items()
    ]
    return pl.concat(means).drop_nulls()


def learning_figure(results: Sequence[TaskResult], curves: Mapping[str, pl.DataFrame]) -> Figure:
    """Draw GAIL's learning: return, the discriminator's accuracy, KL and entropy against environment steps.

    Args:
        results: One per task.
        curves: Each task's, made `smooth`.
    """
    figure, grid = plt.subplots(
        len(ROWS), len(results), figsize=(3.4 * len(results), 2.4 * len(ROWS)), sharex="col", squeeze=False
    )
    for column, result in zip(grid.T, results, strict=True):
        for axes, names in zip(column, ROWS.values(), strict=True):
            _draw(axes, curves[result.task], names)
        column[0].set_title(result.task)
        _draw_levels(column[0], result)
        column[1].axhline(0.5, color="0.8", linewidth=1)
        column[1].set_ylim(0, 1)
        column[2].set_ylim(bottom=0)
        column[-1].set_xlabel("million environment steps")
    for axes, label in zip(grid[:, 0], ROWS, strict=True):
        axes.set_ylabel(label)
    figure.align_ylabels()
    figure.legend(handles=_handles(), loc="lower center", ncols=3, frameon=False, bbox_to_anchor=(0.5, -0.06))
    figure.tight_layout()
    sns.despine(figure)
    return figure


def _draw(axes: Axes, curves: pl.DataFrame, names: Sequence[str]) -> None:
    for name in names:
        color, dash = DRAWN.get(name, ("gail", "-"))
        points = curves.drop_nulls(name).to_dict(as_series=False)
        sns.lineplot(
            points, x="million_steps", y=name, color=COLORS[color], linestyle=dash, errorbar=("pi", 100), ax=axes
        )
    axes.set(xlabel=None, ylabel=None)


def _draw_levels(axes: Axes, result: TaskResult) -> None:
    levels = {
        "expert": result.expert_return,
        "bc": result.learners["bc"].returns.value,
        "random": result.random_return,
    }
    for name, level in levels.items():
        axes.axhline(level, **level_style(name))


def _handles() -> list[Line2D]:
    handles = [
        Line2D([], [], color=COLORS["gail"], label="GAIL while training (band: all seeds)"),
        *level_handles("expert", "bc", "random"),
    ]
    labels = {"expert_accuracy": "discriminator, on expert pairs", "policy_accuracy": "on the policy's"}
    for name, label in labels.items():
        color, dash = DRAWN[name]
        handles.append(Line2D([], [], color=COLORS[color], linestyle=dash, label=label))
    return handles
