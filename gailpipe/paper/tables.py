"""The report's tables, in Markdown."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import polars as pl

from gailpipe.evaluation.scores import normalized
from gailpipe.paper.figures import ALGORITHMS
from gailpipe.paper.results import SET_KEYS, Compared
from gailpipe.report.style import LABELS

LABELS_OF_ALGORITHMS = {name: LABELS[name] for name in ALGORITHMS}


def sets_table(
    policies: Compared,
    show: Callable[[pl.DataFrame], str],
    column: str = "algorithm",
    labels: Mapping[Any, str] = LABELS_OF_ALGORITHMS,
) -> str:
    """Return a table in Markdown: a row for each of `SET_KEYS`, a column for each label, the paper's in brackets.

    A column without results is left out.
    """
    ours, original = policies
    there = {*ours[column], *original.join(ours, on=SET_KEYS, how="semi")[column]}
    rows = []
    for values in ours.select(SET_KEYS).unique(maintain_order=True).iter_rows():
        of_set = dict(zip(SET_KEYS, values, strict=True))
        row = {key: str(value) for key, value in of_set.items()}
        for value, label in labels.items():
            if value in there:
                mine, theirs = (either.filter(**of_set | {column: value}) for either in policies)
                row[label] = (show(mine) if len(mine) else "") + (f" ({show(theirs)})" if len(theirs) else "")
        rows.append(row)
    return markdown(rows, labels=2)


def markdown(rows: Sequence[Mapping[str, str]], labels: int) -> str:
    """Return a table in Markdown, all but the first columns, its labels, aligned to the right."""
    lines = [f"| {' | '.join(cells)} |" for cells in (rows[0], *(row.values() for row in rows))]
    return "\n".join([lines[0], f"|{'---|' * labels}{'--:|' * (len(rows[0]) - labels)}", *lines[1:]])


def experts_table(policies: pl.DataFrame) -> str:
    """Return a table in Markdown of what each expert makes."""
    rows = []
    for policy in policies.unique("environment", maintain_order=True).iter_rows(named=True):
        random_return, expert_return = policy["random_return"], policy["expert_return"]
        row = {
            "environment": policy["environment"],
            "random": _number(random_return),
            "demonstrated": _number(expert_return) + _spread(policy["expert_standard_error"], expert_return),
        }
        for mode in ("deterministic", "stochastic"):
            made = policy[f"expert_{mode}_return"]
            row[mode] = f"{_number(made)} ({normalized(made, random_return, expert_return):.2f})"
        rows.append(row)
    return markdown(rows, labels=1)


def show_score(policies: pl.DataFrame) -> str:
    return f"{policies['normalized'].to_numpy().mean():.2f}"


def show_stochastic_score(policies: pl.DataFrame) -> str:
    scores = normalized(policies["stochastic_return"], policies["random_return"], policies["expert_return"])
    return f"{scores.to_numpy().mean():.2f}"


def show_both_scores(policies: pl.DataFrame) -> str:
    return f"{show_score(policies)}, {show_stochastic_score(policies)}"


def show_return(policies: pl.DataFrame) -> str:
    returns = policies["mean_return"].to_numpy()
    return _number(returns.mean()) + _spread(returns.std(ddof=1) if len(returns) > 1 else None, returns.mean())


def _number(value: float) -> str:
    return f"{value:,.{_digits(value)}f}"


def _spread(value: float | None, mean: float) -> str:
    """Return ± a spread, with as many digits as its mean, or nothing where there is none."""
    return "" if value is None else f" ± {value:,.{_digits(mean)}f}"


def _digits(value: float) -> int:
    return 0 if abs(value) >= 100 else 1
