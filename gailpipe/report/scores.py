"""The figure of normalised scores."""

from collections.abc import Sequence

import seaborn as sns
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from gailpipe.report.results import TaskResult
from gailpipe.report.style import COLORS, LABELS, MARKERS, level_handles, level_style


def scores_figure(results: Sequence[TaskResult]) -> Figure:
    """Draw each task's normalised scores: a dot a seed, the mean with its interval, and the paper's score."""
    figure, axes = plt.subplots(figsize=(1.2 + 1.9 * len(results), 4.2))
    for level, name in ((1.0, "expert"), (0.0, "random")):
        axes.axhline(level, zorder=1, **level_style(name))
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
        *level_handles("expert", "random"),
    ]
    figure.legend(handles=handles, loc="lower center", ncols=5, frameon=False, bbox_to_anchor=(0.5, -0.08))
    sns.despine(figure)
    return figure
