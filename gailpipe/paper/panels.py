"""Figures of several panels."""

from collections.abc import Sequence
from math import ceil

import seaborn as sns
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

COLUMNS = 3


def panels_of(titles: Sequence[str], x_label: str, y_label: str) -> tuple[Figure, list[Axes]]:
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
