"""One visual language for all figures, and files that are the same bytes for the same data."""

from collections.abc import Sequence
from dataclasses import replace
from io import BytesIO
from math import ceil
from pathlib import Path
from typing import Any

import matplotlib as mpl
import polars as pl
import seaborn as sns
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from gailpipe.algorithms.catalogue import EXPERT, Actor, actor
from gailpipe.foundation.files import write_file

mpl.use("svg")

DARK = b"<style>@media (prefers-color-scheme: dark) { svg { filter: invert(.92) hue-rotate(180deg) } }</style>\n "
DEMONSTRATIONS = replace(EXPERT, label="Demonstrations")
DASHES = {"demonstrations": (0, (5, 2)), "random": (0, (1, 2))}
DASH_OF_LEARNERS = (0, (6, 2, 1, 2))
PANELS_A_ROW = 3


def shown(name: str) -> Actor:
    """Return how those of `name` are shown: policies, or what was demonstrated."""
    return DEMONSTRATIONS if name == "demonstrations" else actor(name)


def level_style(name: str) -> dict[str, Any]:
    """Return how a line is drawn at the level of a policy's returns, or the demonstrations'."""
    return {"color": shown(name).color, "linestyle": DASHES.get(name, DASH_OF_LEARNERS), "linewidth": 1.2}


def levels_of(policies: pl.DataFrame) -> dict[str, float]:
    """Return the returns of the demonstrations and of the random policy, as far as they are known.

    Args:
        policies: `gather`'s rows of one environment.
    """
    row = policies.row(0, named=True)
    levels = {"demonstrations": row["expert_return"], "random": row["random_return"]}
    return {name: level for name, level in levels.items() if level is not None}


def level_handles(*names: str) -> list[Line2D]:
    """Return what explains such lines in a legend."""
    return [Line2D([], [], label=shown(name).label, **level_style(name)) for name in names]


def learner_handles(names: Sequence[str], **style: Any) -> list[Line2D]:
    """Return what explains the colours and markers of learners in a legend."""
    return [
        Line2D([], [], color=actor(name).color, marker=actor(name).marker, label=actor(name).label, **style)
        for name in names
    ]


def legend_below(figure: Figure, handles: Sequence[Any], ncols: int, below: float = 0.08) -> None:
    figure.legend(handles=handles, loc="lower center", ncols=ncols, frameon=False, bbox_to_anchor=(0.5, -below))


def panels_of(titles: Sequence[str], x_label: str, y_label: str) -> tuple[Figure, list[Axes]]:
    """Return a figure with a panel for each title."""
    columns = min(PANELS_A_ROW, len(titles))
    rows = ceil(len(titles) / columns)
    size = (4.4 * PANELS_A_ROW, 3.2 * rows)
    figure, grid = plt.subplots(rows, columns, figsize=size, squeeze=False, layout="constrained")
    for axes, title in zip(grid.flat, titles, strict=False):
        axes.set_title(title)
    for axes in grid.flat[len(titles) :]:
        axes.remove()
    figure.supxlabel(x_label, fontsize="medium")
    figure.supylabel(y_label, fontsize="medium")
    sns.despine(figure)
    return figure, list(grid.flat[: len(titles)])


def apply_style() -> None:
    sns.set_theme(
        context="notebook",
        style="whitegrid",
        rc={"svg.hashsalt": "gailpipe", "axes.titleweight": "bold", "axes.edgecolor": "0.7", "grid.color": "0.92"},
    )


def save_svg(figure: Figure, path: Path) -> None:
    """Write a figure that inverts its lightness, and keeps its hues, where the reader's colour scheme is dark."""
    file = BytesIO()
    figure.savefig(file, format="svg", bbox_inches="tight", metadata={"Date": None})
    plt.close(figure)
    write_file(path, file.getvalue().replace(b"<defs>", DARK + b"<defs>", 1))
