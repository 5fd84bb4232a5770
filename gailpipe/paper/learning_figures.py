"""The figures of how GAIL learned."""

from typing import Any

import polars as pl
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from gailpipe.paper.panels import panels_of
from gailpipe.paper.results import STARTS
from gailpipe.report.style import COLORS, LABELS, level_style


def learning_figure(curves: pl.DataFrame, policies: pl.DataFrame) -> Figure:
    """Draw a panel for each kind of demonstrations: normalised return while GAIL learns, a line for each size.

    Args:
        curves: As `learning_curves` returns them.
        policies: `Grid.plain`.
    """
    of_gail = curves.filter(algorithm="gail")
    titles = {kind: _title(kind) for kind in of_gail["demonstrations"].unique(maintain_order=True)}
    figure, panels = _draw_learning(of_gail, policies, titles, "trajectories", "flare")
    for axes in panels:
        axes.legend(title="trajectories", fontsize="x-small", title_fontsize="x-small")
    return figure


def cloning_figure(curves: pl.DataFrame, policies: pl.DataFrame) -> Figure:
    """Draw how GAIL learns from a cloned and from a random policy, in a panel for each kind of demonstrations cloned.

    Args:
        curves: As `learning_curves` returns them; drawn are the fewest trajectories of each kind that were cloned.
        policies: `Grid.plain`.
    """
    cloned = curves.filter(algorithm="gail-bc").group_by("demonstrations", maintain_order=True)
    fewest = cloned.agg(pl.col("trajectories").min())
    both = curves.join(fewest, on=("demonstrations", "trajectories"), how="semi", maintain_order="left")
    titles = {kind: f"{_title(kind)}, from {trajectories}" for kind, trajectories in fewest.iter_rows()}
    palette = {name: COLORS[name] for name in STARTS}
    figure, panels = _draw_learning(both, policies, titles, "algorithm", palette)
    for axes in panels:
        handles, names = axes.get_legend_handles_labels()
        axes.legend(handles, [LABELS[name] for name in names], fontsize="x-small")
    return figure


def _draw_learning(
    curves: pl.DataFrame, policies: pl.DataFrame, titles: dict[str, str], hue: str, palette: str | dict[str, str]
) -> tuple[Figure, list[Axes]]:
    """Draw curves in a panel for each kind of demonstrations, coloured by a column; bands span all runs.

    A star at the end of each is the stochastic score of the last policies.
    """
    figure, panels = panels_of(list(titles.values()), "million environment steps", "normalised return")
    of_set = ("demonstrations", "trajectories", "algorithm")
    scores = policies.group_by(of_set).agg(normalized=pl.col("stochastic_normalized").mean())
    ends = curves.group_by(of_set, maintain_order=True).agg(pl.col("million_steps").max())
    last = ends.join(scores, on=of_set, maintain_order="left")
    for axes, kind in zip(panels, titles, strict=True):
        rows, stars = (table.filter(demonstrations=kind).to_dict(as_series=False) for table in (curves, last))
        drawn: dict[str, Any] = {"x": "million_steps", "y": "normalized", "hue": hue, "palette": palette, "ax": axes}
        sns.lineplot(rows, **drawn, errorbar=("pi", 100))
        sns.scatterplot(stars, **drawn, marker="*", s=120, legend=False, zorder=3, clip_on=False)
        axes.axhline(1, **level_style("expert"))
        axes.set(xlabel=None, ylabel=None)
    return figure, panels


def _title(demonstrations: str) -> str:
    return demonstrations.replace("-full", ", whole")
