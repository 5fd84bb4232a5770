"""The report's tables, in Markdown."""

from collections.abc import Callable, Mapping
from typing import Any

import polars as pl

from gailpipe.evaluation.scores import normalized
from gailpipe.paper.figures import ALGORITHMS
from gailpipe.paper.results import MODES, SET_KEYS, Compared
from gailpipe.report.markdown import table
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
    return table(rows, labels=2)


def weights_table(policies: Compared, show: Callable[[pl.DataFrame], str]) -> str:
    """Return the table of `Grid.entropy`: a column for each λ."""
    weights = policies.ours["entropy_coefficient"].unique().sort()
    return sets_table(policies, show, "entropy_coefficient", {weight: f"λ = {weight:g}" for weight in weights})


def experts_table(policies: pl.DataFrame, original: pl.DataFrame) -> str:
    """Return a table in Markdown of what each expert makes, in BC's evaluation, and the paper's expert."""
    rows = []
    papers = dict(original.select("environment", "expert_return").unique().iter_rows())
    cloned = policies.filter(algorithm="bc")
    for policy in cloned.unique("environment", keep="first", maintain_order=True).iter_rows(named=True):
        environment, random_return, expert_return = (
            policy[key] for key in ("environment", "random_return", "expert_return")
        )
        row = {
            "environment": environment,
            "random": _number(random_return),
            "demonstrated": _number(expert_return) + _spread(policy["expert_standard_error"], expert_return),
        }
        for mode in MODES:
            made = policy[f"expert_{mode}_return"]
            row[mode] = f"{_number(made)} ({normalized(made, random_return, expert_return):.2f})"
        row["the paper's"] = _number(papers[environment]) if environment in papers else ""
        rows.append(row)
    return table(rows, labels=1)


def show_score(policies: pl.DataFrame) -> str:
    return f"{policies['normalized'].to_numpy().mean():.2f}"


def show_stochastic_score(policies: pl.DataFrame) -> str:
    return f"{policies['stochastic_normalized'].to_numpy().mean():.2f}"


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
