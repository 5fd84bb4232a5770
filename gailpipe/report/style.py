"""One visual language for all figures, and files that are the same bytes for the same data."""

from io import BytesIO
from pathlib import Path
from typing import Any

import matplotlib as mpl
import seaborn as sns
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from gailpipe.algorithms.catalogue import ACTORS
from gailpipe.foundation.files import write_file

mpl.use("svg")

COLORS = {name: actor.color for name, actor in ACTORS.items()} | {"other": "#029e73"}
DARK = b"<style>@media (prefers-color-scheme: dark) { svg { filter: invert(.92) hue-rotate(180deg) } }</style>\n "
DASHES = {"expert": (0, (5, 2)), "random": (0, (1, 2)), "bc": (0, (6, 2, 1, 2))}
MARKERS = {name: actor.marker for name, actor in ACTORS.items() if actor.marker}
LABELS = {name: actor.label for name, actor in ACTORS.items()}
POLICIES = ("expert", "bc", "gail")  # of the root's pipeline


def level_style(name: str) -> dict[str, Any]:
    """Return how a line is drawn at the level of a policy's returns."""
    return {"color": COLORS[name], "linestyle": DASHES[name], "linewidth": 1.2}


def level_handles(*names: str) -> list[Line2D]:
    """Return what explains such lines in a legend."""
    return [Line2D([], [], label=LABELS[name], **level_style(name)) for name in names]


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
