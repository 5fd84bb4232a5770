"""The report in words: README.md, of sections.md's sections those that have results."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from gailpipe.algorithms.catalogue import CLONED_FIRST
from gailpipe.grid.curves import crossings
from gailpipe.grid.policies import KEPT, Compared, Grid
from gailpipe.report.score_figures import LOWEST_SHOWN
from gailpipe.report.summary import LEAST, comparisons_table, learners_table, shortfalls_table
from gailpipe.report.tables import (
    cells_table,
    experts_table,
    policies_table,
    show_both_scores,
    show_return,
    show_score,
    show_stochastic_score,
    table,
    weights_table,
)

SECTIONS = Path(__file__).with_name("sections.md")
INTRODUCTION = """\
# Results

All settings stand in [params.yaml](../params.yaml). [Departures from the paper](../docs/departures.md) says how those
of the repository's own environments were found."""
PAPER = "https://ar5iv.labs.arxiv.org/html/1606.03476"


@dataclass(frozen=True)
class Results:
    """What a report shows."""

    grid: Grid
    curves: pl.DataFrame
    """As `learning_curves` returns them."""
    smoothing: float
    """Share of a run's iterations that a point of a curve averages over."""
    films: Sequence[str]
    """Of each environment or set, in Markdown."""
    occupancy: bool
    """Whether there is a figure of it."""
    interactions: bool
    """Whether there is a figure of them."""
    introduction: str
    """In Markdown, with the heading of the page."""


def page(results: Results) -> str:
    """Return the report as Markdown, without the sections that have no results."""
    chunks = SECTIONS.read_text().split("<!-- ")[1:]
    templates = dict(chunk.split(" -->\n", 1) for chunk in chunks)
    shared = {"paper": PAPER, "share": f"{100 * results.smoothing:g} %"}
    chosen = list(_sections(results))
    return "\n".join(f"{templates[name].format(**shared, **parts).rstrip()}\n" for name, parts in chosen)


def _sections(results: Results) -> Iterator[tuple[str, dict[str, object]]]:
    """Yield the name of each section that has results, and what stands in it."""
    grid = results.grid
    ours, original = grid.sampled
    yield "introduction", {"introduction": results.introduction}
    yield "scale", {}
    if learners := learners_table(grid):
        yield "short", {"learners": learners}
    else:
        yield "unscored", {}
    if comparisons := comparisons_table(grid.sampled):
        yield "comparisons", {"comparisons": comparisons}
    if not grid.has_sets:
        yield "policies", {"policies": policies_table(grid)}
        yield "scores", {}
        yield "returns", {}
    else:
        yield "sizes", {"scores": cells_table(grid.sampled, show_score)}
        if shortfalls := shortfalls_table(grid):
            yield "shortfalls", {"shortfalls": shortfalls, "least": LEAST, "kept": KEPT}
        yield "experts", {"experts": experts_table(grid)}
        yield "stochastic", {"stochastic": cells_table(Compared(ours, original.clear()), show_stochastic_score)}
    if len(grid.whole.ours):
        yield "whole", {"whole": cells_table(grid.whole, show_both_scores)}
    if len(grid.entropy.ours):
        yield "entropy", {"entropy": weights_table(grid.entropy, show_score), "lowest": LOWEST_SHOWN}
    if results.occupancy:
        yield "occupancy", {}
    if results.interactions:
        yield "interactions", {}
    yield "learning" if grid.has_sets else "metrics", {}
    if CLONED_FIRST in grid.learners:
        yield "cloning", {"crossings": table(crossings(results.curves), labels=2)}
    if results.films:
        yield "films", {"films": "\n\n".join(results.films)}
    if grid.has_sets:
        yield "all returns", {"returns": "\n\n".join(_returns(grid))}
    yield "columns", {"kept": KEPT}


def _returns(grid: Grid) -> Iterator[str]:
    yield cells_table(grid.sampled, show_return)
    if len(grid.whole.ours):
        yield "From whole trajectories:"
        yield cells_table(grid.whole, show_return)
    if len(grid.entropy.ours):
        yield "GAIL with different weights of the causal entropy:"
        yield weights_table(grid.entropy, show_return)
