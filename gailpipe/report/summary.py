"""What a report says first: how learners do over all sets of demonstrations, and where the headline's falls short."""

from collections.abc import Iterator, Sequence
from itertools import chain

import numpy as np
import polars as pl

from gailpipe.algorithms.catalogue import BASELINE, HEADLINE, LEARNERS, UNREGULARIZED
from gailpipe.evaluation.returns import MODES
from gailpipe.grid.policies import CELL, Compared, Grid
from gailpipe.grid.scores import (
    Estimate,
    differ,
    estimate,
    interquartile_mean,
    normalized,
    probability_of_improvement,
)
from gailpipe.report.tables import show_counts, table

LEAST = 0.95  # whoever scores less than this share of the expert falls short
DIGITS = 3  # to which scores are shown and compared
RETURNS = {"deterministic": "mean_return", "stochastic": "stochastic_return"}


def learners_table(grid: Grid) -> str:
    """Return a row for each learner: its interquartile means, where 1 is the expert in the same mode, and its steps."""
    scores, rows = _same_mode(grid.sampled.ours), []
    for learner in grid.learners:
        own = scores.filter(algorithm=learner)
        if not len(own):
            continue
        headline = scores.filter(algorithm=HEADLINE).join(own, on=CELL, how="semi", maintain_order="left")
        has_all = headline.n_unique(CELL) == own.n_unique(CELL)
        there = (f"{interquartile_mean(_runs(headline, mode)):.{DIGITS}f}" for mode in MODES)
        rows.append(
            {
                "learner": LEARNERS[learner].label,
                "sets": str(own.n_unique(CELL)),
                "runs of a set": show_counts(own),
                **{mode: _with_interval(estimate(interquartile_mean, _runs(own, mode)), DIGITS) for mode in MODES},
                f"{LEARNERS[HEADLINE].label} on these sets": ", ".join(there) if has_all else "—",
                "million steps": f"{1e-6 * own['env_steps'].to_numpy().sum():,.1f}",
            }
        )
    return table(rows, labels=1)


def comparisons_table(policies: Compared) -> str:
    """Return a row for each learner and whom it is compared with, the paper's or another, on the sets that both have.

    With the paper's it is compared on two scales: the paper does not say whether its policies acted with noise.

    Args:
        policies: `Grid.sampled`.
    """
    rows = []
    for label, other, own, others in _compared(policies):
        cells = own.join(others, on=CELL, maintain_order="left").select("score", "score_right").rows()
        if not cells:
            continue
        improvement = estimate(probability_of_improvement, [*chain.from_iterable(cells)])
        ones, their = np.array([[np.mean(runs) for runs in cell] for cell in cells]).T
        tested = [differ(*cell) for cell in cells]
        ahead = [one > their_mean for one, their_mean, differs in zip(ones, their, tested, strict=True) if differs]
        rows.append(
            {
                "learner": label,
                "compared with": other,
                "sets": str(len(cells)),
                "mean": f"{ones.mean():.{DIGITS}f}",
                "the other's": f"{their.mean():.{DIGITS}f}",
                "median difference": f"{np.median(ones - their):+.{DIGITS}f}",
                "at or above": str(sum(ones.round(DIGITS) >= their.round(DIGITS))),
                "tested": str(len(tested) - tested.count(None)),
                "clearly above": str(sum(ahead)),
                "clearly below": str(len(ahead) - sum(ahead)),
                "probability of improvement": _with_interval(improvement, 2),
            }
        )
    return table(rows, labels=2)


def shortfalls_table(grid: Grid) -> str:
    """Return a row for each set on which the headline's learner falls short, with what may explain it.

    It does below `LEAST` in either mode, and where the paper's or the baseline's score is above its own.
    """
    keys, rows = ("demonstrations", *CELL), []
    own = _same_mode(grid.plain.filter(algorithm=HEADLINE))
    for values, runs in own.group_by(keys, maintain_order=True):
        cell = dict(zip(keys, values, strict=True))
        baseline = grid.plain.filter(algorithm=BASELINE, **cell)
        sampled = cell.pop("demonstrations") == cell["environment"]
        papers = grid.sampled.original.filter(pl.lit(sampled), algorithm=HEADLINE, **cell)
        behind = any(_mean(runs) < _mean(other) for other in (papers, baseline) if len(other))
        if behind or min(_mean(runs, mode) for mode in MODES) < LEAST:
            rows.append(_shortfall(runs, papers, baseline))
    return table(rows, labels=1)


def _same_mode(policies: pl.DataFrame) -> pl.DataFrame:
    """Return the policies that have a score, and for each mode their score where 1 is the expert in the same mode.

    Where there is no expert, 1 is what was demonstrated. Sets on which it makes no more than the random policy in
    either mode are left out.
    """
    scores = {}
    for mode, column in RETURNS.items():
        one = pl.coalesce(f"expert_{mode}_return", "expert_return")
        score = normalized(pl.col(column), pl.col("random_return"), one)
        scores[mode] = pl.when(one > pl.col("random_return")).then(score)
    return policies.drop_nulls("normalized").with_columns(**scores).drop_nulls(list(scores))


def _shortfall(runs: pl.DataFrame, papers: pl.DataFrame, baseline: pl.DataFrame) -> dict[str, str]:
    """Return the row of a set's runs, as `_same_mode` returns them, beside the paper's and the baseline's."""
    first, same = runs.row(0, named=True), runs["deterministic"].to_numpy()
    expert, shown = (
        "—"
        if first[column] is None
        else f"{normalized(first[column], first['random_return'], first['expert_return']):.2f}"
        for column in ("expert_deterministic_return", "shown_return")
    )
    lost = runs["lost_episodes"].drop_nulls().to_numpy()
    return {
        "demonstrations": str(first["demonstrations"]),
        "trajectories": str(first["trajectories"]),
        "same mode": ", ".join(_exact(runs, mode) for mode in MODES),
        "its runs": f"{same.min():.2f} … {same.max():.2f}" if len(same) > 1 else "—",
        "lost": f"{100 * lost.mean():.0f} %" if len(lost) else "—",
        "score": _exact(runs),
        "the paper's": _exact(papers),
        LEARNERS[BASELINE].label: _exact(baseline),
        "expert": expert,
        "shown": shown,
    }


def _compared(policies: Compared) -> Iterator[tuple[str, str, pl.DataFrame, pl.DataFrame]]:
    """Yield the labels of who is compared with whom, and each cell's scores of both, as lists in `score`."""
    ours, papers = (either.drop_nulls("normalized") for either in policies)
    for learner, entry in LEARNERS.items():
        theirs = _by_cell(papers.filter(algorithm=learner), "normalized")
        own = ours.filter(algorithm=learner)
        yield entry.label, "the paper's", _by_cell(own, "normalized"), theirs
        yield entry.label, "the paper's, same mode", _by_cell(_same_mode(own), "deterministic"), theirs
    others = {BASELINE: UNREGULARIZED, HEADLINE: BASELINE}
    for learner, entry in LEARNERS.items():
        other = others.get(learner, HEADLINE)
        own, its = (_by_cell(ours.filter(algorithm=one), "normalized") for one in (learner, other))
        yield entry.label, LEARNERS[other].label, own, its


def _by_cell(policies: pl.DataFrame, column: str) -> pl.DataFrame:
    """Return the scores of each cell's runs, as a list in `score`."""
    return policies.group_by(CELL, maintain_order=True).agg(score=column)


def _runs(policies: pl.DataFrame, column: str) -> Sequence[Sequence[float]]:
    return _by_cell(policies, column)["score"].to_list()


def _with_interval(found: Estimate, digits: int) -> str:
    value, low, high = (f"{number:.{digits}f}" for number in found)
    return f"{value} ({low} … {high})" if found.low < found.high else value


def _mean(policies: pl.DataFrame, column: str = "normalized") -> float:
    """Return the mean score over runs, to as many digits as are compared."""
    return round(float(policies[column].to_numpy().mean()), DIGITS)


def _exact(policies: pl.DataFrame, column: str = "normalized") -> str:
    return f"{_mean(policies, column):.{DIGITS}f}" if len(policies) else "—"
