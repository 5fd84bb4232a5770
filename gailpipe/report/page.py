"""The report in words: README.md and details.md, of sections.md's sections those that have results."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, TypeAlias

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
Section: TypeAlias = tuple[str, Mapping[str, object]]  # its name, and what stands in it


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


class Pages(NamedTuple):
    """The report in Markdown."""

    short: str
    """What is to be read first."""
    details: str
    """What stands behind it."""
    whole: str
    """Both on one page."""


def pages(results: Results) -> Pages:
    """Return the report as Markdown, without the sections that have no results."""
    chunks = SECTIONS.read_text().split("<!-- ")[1:]
    templates = dict(chunk.split(" -->\n", 1) for chunk in chunks)
    shared = {"paper": PAPER, "share": f"{100 * results.smoothing:g} %"}

    def written(sections: Iterable[Section]) -> list[str]:
        return [f"{templates[name].format(**shared, **parts).rstrip()}\n" for name, parts in sections]

    short, details = written(_short(results)), written(_details(results))
    names = re.findall("^## (.+)$", "\n".join(details), re.MULTILINE)
    headings = ", ".join(f"[{name}](details.md#{name.lower().replace(' ', '-')})" for name in names)
    return Pages(
        "\n".join(short + written([("more", {"headings": headings})])),
        "\n".join(written([("details", {})]) + details),
        "\n".join(short + details).replace("(details.md#", "(#"),
    )


def _short(results: Results) -> Iterator[Section]:
    """Yield the sections of the first page."""
    grid = results.grid
    yield "introduction", {"introduction": results.introduction}
    yield "scale", {}
    if learners := learners_table(grid):
        yield "short", {"learners": learners}
    else:
        yield "unscored", {}
    yield ("sizes", {}) if grid.has_sets else ("scores", {"policies": policies_table(grid)})
    if comparisons := comparisons_table(grid.sampled):
        yield "comparisons", {"comparisons": comparisons}
    if grid.has_sets:
        if shortfalls := shortfalls_table(grid):
            yield "shortfalls", {"shortfalls": shortfalls, "least": LEAST, "kept": KEPT}
        yield "experts", {"experts": experts_table(grid)}
    if results.interactions:
        yield "interactions", {}


def _details(results: Results) -> Iterator[Section]:
    """Yield the sections of the second page."""
    grid = results.grid
    ours, original = grid.sampled
    if grid.has_sets:
        yield "cells", {"scores": cells_table(grid.sampled, show_score)}
        yield "stochastic", {"stochastic": cells_table(Compared(ours, original.clear()), show_stochastic_score)}
    else:
        yield "returns", {}
    if len(grid.whole.ours):
        yield "whole", {"whole": cells_table(grid.whole, show_both_scores)}
    if len(grid.entropy.ours):
        yield "entropy", {"entropy": weights_table(grid.entropy, show_score), "lowest": LOWEST_SHOWN}
    if results.occupancy:
        yield "occupancy", {}
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
