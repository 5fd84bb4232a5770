"""What a report says first: how learners do over all sets of demonstrations, and where the headline's falls short."""

from collections.abc import Iterator, Sequence
from itertools import chain

import numpy as np
import polars as pl

from gailpipe.algorithms.catalogue import BASELINE, CLONED_FIRST, HEADLINE, LEARNERS, OFF_POLICY, UNREGULARIZED
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
from gailpipe.report.tables import show_counts, show_score, table

LEAST = 0.95  # whoever scores less than this share of the expert falls short
DIGITS = 3  # to which scores are compared
PAIRS = ((HEADLINE, BASELINE), (BASELINE, UNREGULARIZED), (CLONED_FIRST, HEADLINE), (OFF_POLICY, HEADLINE))
RETURNS = dict(zip(MODES, ("mean_return", "stochastic_return"), strict=True))


def same_mode(policies: pl.DataFrame) -> pl.DataFrame:
    """Return the policies that have a score, and for each mode their score where 1 is the expert in the same mode.

    Where there is no expert, 1 is what was demonstrated. Where it makes no more than the random policy there is no row.
    """
    scores = {}
    for mode, column in RETURNS.items():
        one = pl.coalesce(f"expert_{mode}_return", "expert_return")
        score = normalized(pl.col(column), pl.col("random_return"), one)
        scores[mode] = pl.when(one > pl.col("random_return")).then(score)
    return policies.drop_nulls("normalized").with_columns(**scores).drop_nulls(list(scores))


def learners_table(grid: Grid) -> str:
    """Return a row for each learner: its interquartile mean in each mode as `same_mode` scales it, and its steps."""
    scores, rows = same_mode(grid.sampled.ours), []
    for learner in grid.learners:
        own = scores.filter(algorithm=learner)
        if not len(own):
            continue
        headline = scores.filter(algorithm=HEADLINE).join(own, on=CELL, how="semi", maintain_order="left")
        there = (f"{interquartile_mean(_runs(headline, mode)):.{DIGITS}f}" for mode in MODES)
        rows.append(
            {
                "learner": LEARNERS[learner].label,
                "sets": str(own.n_unique(CELL)),
                "runs of a set": show_counts(own),
                **{mode: _with_interval(estimate(interquartile_mean, _runs(own, mode)), DIGITS) for mode in MODES},
                f"{LEARNERS[HEADLINE].label} on these sets": ", ".join(there) if len(headline) else "—",
                "million steps": f"{1e-6 * own['env_steps'].to_numpy().sum():,.1f}",
            }
        )
    return table(rows, labels=1)


def comparisons_table(policies: Compared) -> str:
    """Return a row for each learner and whom it is compared with, the paper's or another, on the sets that both have.

    Args:
        policies: `Grid.sampled`.
    """
    rows = []
    for label, ours, others in _compared(policies):
        both = _by_cell(ours).join(_by_cell(others), on=CELL, maintain_order="left")
        cells = both.select("normalized", "normalized_right").rows()
        if not cells:
            continue
        improvement = estimate(probability_of_improvement, [*chain.from_iterable(cells)])
        one, other = np.array([[np.mean(runs) for runs in cell] for cell in cells]).T
        ahead = [np.mean(runs) > np.mean(of_others) for runs, of_others in cells if differ(runs, of_others)]
        rows.append(
            {
                "compared": label,
                "sets": str(len(cells)),
                "mean": f"{one.mean():.{DIGITS}f}",
                "the other's": f"{other.mean():.{DIGITS}f}",
                "median difference": f"{np.median(one - other):+.{DIGITS}f}",
                "at or above": str(sum(one.round(DIGITS) >= other.round(DIGITS))),
                "clearly above": str(sum(ahead)),
                "clearly below": str(len(ahead) - sum(ahead)),
                "probability of improvement": _with_interval(improvement, 2),
            }
        )
    return table(rows, labels=1)


def shortfalls_table(grid: Grid) -> str:
    """Return a row for each set on which the headline's learner falls short, with what may explain it.

    It does below `LEAST` in either mode, and where the paper's or the baseline's score is above its own.
    """
    keys, rows = ("demonstrations", *CELL), []
    own = same_mode(grid.plain.filter(algorithm=HEADLINE))
    for values, runs in own.group_by(keys, maintain_order=True):
        cell = dict(zip(keys, values, strict=True))
        baseline = grid.plain.filter(algorithm=BASELINE, **cell)
        sampled = cell.pop("demonstrations") == cell["environment"]
        papers = grid.sampled.original.filter(pl.lit(sampled), algorithm=HEADLINE, **cell)
        behind = any(_mean(runs) < _mean(other) for other in (papers, baseline) if len(other))
        if behind or min(_mean(runs, mode) for mode in MODES) < LEAST:
            rows.append(_shortfall(runs, papers, baseline))
    return table(rows, labels=1)


def _shortfall(runs: pl.DataFrame, papers: pl.DataFrame, baseline: pl.DataFrame) -> dict[str, str]:
    """Return the row of a set's runs, as `same_mode` returns them, beside the paper's and the baseline's."""
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
        "same mode": ", ".join(f"{_mean(runs, mode):.2f}" for mode in MODES),
        "its runs": f"{same.min():.2f} … {same.max():.2f}" if len(same) > 1 else "—",
        "lost": f"{100 * lost.mean():.0f} %" if len(lost) else "—",
        "score": show_score(runs),
        "the paper's": show_score(papers) if len(papers) else "",
        LEARNERS[BASELINE].label: show_score(baseline),
        "expert": expert,
        "shown": shown,
    }


def _compared(policies: Compared) -> Iterator[tuple[str, pl.DataFrame, pl.DataFrame]]:
    """Yield who is compared with whom, and the policies of both."""
    ours, theirs = (either.drop_nulls("normalized") for either in policies)
    for learner, entry in LEARNERS.items():
        yield f"{entry.label} with the paper's", ours.filter(algorithm=learner), theirs.filter(algorithm=learner)
    for learner, other in PAIRS:
        label = f"{LEARNERS[learner].label} with {LEARNERS[other].label}"
        yield label, ours.filter(algorithm=learner), ours.filter(algorithm=other)


def _by_cell(policies: pl.DataFrame) -> pl.DataFrame:
    """Return the scores of each cell's runs, as a list."""
    return policies.group_by(CELL, maintain_order=True).agg("normalized")


def _runs(scores: pl.DataFrame, mode: str) -> Sequence[Sequence[float]]:
    return scores.group_by(CELL, maintain_order=True).agg(mode)[mode].to_list()


def _with_interval(found: Estimate, digits: int) -> str:
    return f"{found.value:.{digits}f} ({found.low:.{digits}f} … {found.high:.{digits}f})"


def _mean(policies: pl.DataFrame, column: str = "normalized") -> float:
    """Return the mean score over runs, to as many digits as are compared."""
    return round(float(policies[column].to_numpy().mean()), DIGITS)
