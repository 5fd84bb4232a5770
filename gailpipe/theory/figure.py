"""The theory in one figure: occupancies in the gridworld, both programs, and what costs and samples do."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import seaborn as sns
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure, SubFigure
from matplotlib.image import AxesImage
from matplotlib.patches import Rectangle

from gailpipe.algorithms.catalogue import EXPERT, LEARNERS, Actor
from gailpipe.theory.mdp import Array
from gailpipe.theory.results import HORIZONS, NUM_PAIRS, Results, distances_of
from gailpipe.theory.settings import Theory

SIZE = (13.2, 10.6)  # inches
BAR_WIDTH, LEAST_LABEL = 0.26, 0.005
TICKS_OF_DISTANCES, TICKS_OF_SHARES = (0.03, 0.1, 0.3), (0, 0.01, 0.05, 0.1, 0.2, 0.4)
DASHES: dict[float, Any] = {2: (0, (1, 2)), 1: (0, (4, 2)), -0.5: (0, (1, 2))}  # by exponent
FLOOR = 1e-12  # below which only rounding is left


def theory_figure(results: Results, settings: Theory) -> Figure:
    """Draw a row of occupancies as heat maps, and two rows of panels with what each law comes to."""
    figure = plt.figure(figsize=SIZE, layout="constrained")
    rows: Any = figure.subfigures(3, 1, height_ratios=(0.82, 1, 1), hspace=0.04)
    maps, programs, samples = rows
    _draw_maps(maps, results, settings)
    left, middle, right = programs.subplots(1, 3)
    _draw_ascents(left, results)
    _draw_saddle(middle, results)
    _draw_costs(right, results)
    left, middle, right = samples.subplots(1, 3)
    of_distance = {label: distances.mean(1) for label, distances in results.distances.items()}
    _draw_power(left, NUM_PAIRS, of_distance["GAIL"], -0.5, "one over the root")
    _draw_lines(left, NUM_PAIRS, of_distance, "demonstrated pairs", "total variation from the expert")
    left.set_yticks(TICKS_OF_DISTANCES, [f"{tick:g}" for tick in TICKS_OF_DISTANCES])
    left.set_title("Finite samples")
    for exponent, name, cost in zip((2, 1), ("quadratic", "linear"), results.costs.values(), strict=True):
        _draw_power(middle, HORIZONS, cost, exponent, name)
    _draw_lines(middle, HORIZONS, results.costs, "horizon 1 / (1 − γ), in steps", "expected steps in the ditch")
    middle.set_title("Compounding errors")
    _draw_power(right, results.batches, results.bridge["GAIL"], -0.5, "one over the root")
    _draw_lines(
        right, results.batches, results.bridge, "pairs of policy and of expert", "error beside the exact, relative"
    )
    right.set_title("Rewards from samples")
    for axes in (*programs.axes, *samples.axes):
        axes.title.set_fontsize("medium")
        sns.despine(ax=axes)
    return figure


def _actor(label: str) -> Actor:
    """Return how a learner is shown."""
    return next(learner for learner in LEARNERS.values() if learner.label == label)


def _draw_maps(figure: SubFigure, results: Results, settings: Theory) -> None:
    """Draw how often each policy is in each cell, as a share of its time, on one scale."""
    shown = {EXPERT.label: results.expert, **results.from_pairs}
    distances = distances_of(results, results.from_pairs)
    highest = max(_share(occupancy).max() for occupancy in shown.values())
    panels = figure.subplots(1, len(shown))
    for axes, (label, occupancy) in zip(panels, shown.items(), strict=True):
        picture = _draw_map(axes, results, occupancy, highest)
        axes.set_title(label)
        axes.set_xlabel(f"{distances[label]:.2f} from the expert" if label in distances else "whom all imitate")
    bar = figure.colorbar(picture, ax=panels, shrink=0.86, pad=0.015, aspect=16, ticks=TICKS_OF_SHARES)
    bar.set_label("share of discounted time")
    bar.outline.set_visible(False)
    given = f"Occupancies in the gridworld. Learners are given the same {settings.pairs} pairs"
    figure.suptitle(given, fontsize="medium", fontweight="bold")


def _draw_map(axes: Axes, results: Results, occupancy: Array, highest: float) -> AxesImage:
    size = results.grid.size
    colors = sns.color_palette("rocket_r", as_cmap=True)
    norm = PowerNorm(0.5, 0, highest)
    picture = axes.imshow(_share(occupancy).reshape(size, size), cmap=colors, norm=norm, interpolation="nearest")
    swamp = Rectangle((0.5, 0.5), size - 2, size - 2, fill=False, edgecolor="0.45", linestyle=(0, (3, 2)), linewidth=1)
    axes.add_patch(swamp)
    for cell, letter, color in ((results.grid.start, "S", "white"), (results.grid.goal, "G", "0.2")):
        row, column = divmod(cell, size)
        axes.text(column, row, letter, color=color, ha="center", va="center", fontsize="small", fontweight="bold")
    axes.set(xticks=[], yticks=[])
    axes.grid(visible=False)
    return picture


def _share(occupancy: Array) -> Array:
    """Return the share of each state in an occupancy, (num_states,)."""
    return occupancy.sum(-1) / occupancy.sum()


def _draw_ascents(axes: Axes, results: Results) -> None:
    colors = sns.color_palette("crest", len(results.ascents))
    for color, (strength, ascent) in zip(colors, results.ascents.items(), strict=True):
        steps = np.arange(1, len(ascent.gaps) + 1)
        axes.plot(steps, np.maximum(ascent.gaps, FLOOR), color=color, label=f"α = {strength:g} λ")
    axes.set(yscale="log", xscale="log", xlabel="step of dual ascent", ylabel="duality gap")
    axes.set_title("IRL by dual ascent")
    axes.legend(frameon=False, title="quadratic ψ", loc="lower left")


def _draw_saddle(axes: Axes, results: Results) -> None:
    saddle, color = results.saddle, _actor("GAIL").color
    axes.plot(np.maximum(results.divergences, FLOOR), color=color, label="divergence, λ = 0")
    axes.plot(np.maximum(saddle.indecision, FLOOR), color=color, linestyle=(0, (5, 2)), label="max |D − ½|, λ = 0")
    gaps = np.maximum(results.regularized_saddle.gaps, FLOOR)
    axes.plot(gaps, color="0.5", linestyle=(0, (1, 1.5)), label="saddle gap, λ > 0")
    axes.set(yscale="log", xlabel="alternating step", ylim=(FLOOR / 2, None))
    axes.set_title("GAIL's saddle point")
    axes.legend(frameon=False, fontsize="small", loc="upper right")


def _draw_costs(axes: Axes, results: Results) -> None:
    """Draw what each class of costs leaves over, as shares of what it is for the uniform policy."""
    distances = distances_of(results, {"": results.uniform, **results.exact})
    for number, (label, occupancy) in enumerate(results.exact.items()):
        heights = (
            max(results.gap(occupancy).max() / results.gap(results.uniform).max(), 0.0),
            distances[label] / distances[""],
            results.costs_above_expert(occupancy),
        )
        places = np.arange(len(heights)) + BAR_WIDTH * (number - 1)
        bars = axes.bar(places, heights, BAR_WIDTH, color=_actor(label).color, label=label, linewidth=0)
        labels = [f"{height:.2f}" if height >= LEAST_LABEL else "0" for height in heights]
        axes.bar_label(bars, labels, fontsize="x-small", padding=1)
    least, most = map(results.normalized, results.cost_range)
    axes.plot([2.55, 2.55], [least, most], color="0.3", linewidth=1.4, marker="_")
    text = "all with the\nexpert's features"
    axes.text(2.64, (least + most) / 2, text, rotation=90, fontsize="x-small", va="center", color="0.3")
    axes.axhline(1, color="0.6", linewidth=1, linestyle=(0, (1, 2)), zorder=0)
    axes.set_xticks(range(3), ["lag in the\nworst feature", "distance to\noccupancy", "cost above\nthe expert's"])
    axes.set(ylabel="share of the uniform policy's", xlim=(-0.5, 3.05))
    axes.grid(visible=False, axis="x")
    axes.set_title("What linear costs can't see")
    axes.legend(frameon=False, fontsize="small", loc="upper left")


def _draw_lines(axes: Axes, sizes: Sequence[int], values: Mapping[str, Array], x_label: str, y_label: str) -> None:
    for label, one in values.items():
        axes.plot(sizes, one, color=_actor(label).color, marker=_actor(label).marker, label=label, markersize=6)
    axes.set(xscale="log", yscale="log", xlabel=x_label, ylabel=y_label)
    axes.minorticks_off()
    axes.set_xticks(sizes, [f"{size:,}" for size in sizes])
    axes.legend(frameon=False, fontsize="small")


def _draw_power(axes: Axes, sizes: Sequence[int], values: Array, exponent: float, name: str) -> None:
    """Draw size ** exponent through the last of `values`."""
    line = values[-1] * (np.array(sizes) / sizes[-1]) ** exponent
    axes.plot(sizes, line, color="0.5", linewidth=1, linestyle=DASHES[exponent], zorder=0, label=name)
