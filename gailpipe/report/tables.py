"""The report's tables, in Markdown."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import polars as pl

from gailpipe.algorithms.catalogue import BASELINE, LEARNERS
from gailpipe.evaluation.returns import MODES
from gailpipe.grid.policies import CELL, Compared, Grid
from gailpipe.grid.scores import normalized, score

COLUMNS = ("trajectories", "deterministic", "stochastic", "normalised", "95 % interval", "seeds", "paper")


def table(rows: Sequence[Mapping[str, str]], labels: int) -> str:
    """Return a table of rows with the same columns, all but the first columns, its labels, aligned to the right.

    Without rows it is empty.
    """
    if not rows:
        return ""
    lines = [f"| {' | '.join(cells)} |" for cells in (rows[0], *(row.values() for row in rows))]
    return "\n".join([lines[0], f"|{'---|' * labels}{'--:|' * (len(rows[0]) - labels)}", *lines[1:]])


def policies_table(grid: Grid) -> str:
    """Return a row for the random policy, the demonstrations, the expert and each learner of each environment."""
    rows = []
    for (environment,), policies in grid.sampled.ours.group_by("environment", maintain_order=True):
        for policy, cells in _cells(policies, grid):
            row = {"environment": str(environment), "policy": policy}
            rows.append(row | {column: cells.get(column, "") for column in COLUMNS})
    return table(rows, labels=2)


def _cells(policies: pl.DataFrame, grid: Grid) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield the policies of an environment, and what stands in their rows."""
    first = policies.row(0, named=True)
    yield "Random", {"stochastic": _exact(first["random_return"]), "normalised": "0", "paper": "0"}
    known = first["expert_return"] is not None
    yield (
        "Demonstrations",
        {"stochastic": _exact(first["expert_return"]), "normalised": "1" if known else "—", "paper": "1"},
    )
    if first["expert_deterministic_return"] is not None:
        yield "Expert", {mode: _exact(first[f"expert_{mode}_return"]) for mode in MODES}
    for learner in grid.learners:
        runs = policies.filter(algorithm=learner)
        scores = runs["normalized"].drop_nulls().to_list()
        summary = score(scores) if scores else None
        papers = grid.sampled.original.join(runs, on=(*CELL, "algorithm"), how="semi")["normalized"]
        yield (
            LEARNERS[learner].label,
            {
                "trajectories": str(runs["trajectories"][0]),
                "deterministic": _exact(runs["mean_return"].to_numpy().mean()),
                "stochastic": _exact(runs["stochastic_return"].to_numpy().mean()),
                "normalised": f"{summary.value:.3f}" if summary else "—",
                "95 % interval": " … ".join(f"{end:.3f}" for end in (summary and summary.ci95) or ()) or "—",
                "seeds": str(len(runs)),
                "paper": f"{papers.to_numpy().mean():.3f}" if len(papers) else "—",
            },
        )


def cells_table(
    policies: Compared,
    show: Callable[[pl.DataFrame], str],
    column: str = "algorithm",
    labels: Mapping[Any, str] | None = None,
) -> str:
    """Return a table with a row for each `CELL`, and a column for each label, the paper's in brackets.

    A column without results is left out.
    """
    ours, original = policies
    labels = labels or {name: learner.label for name, learner in LEARNERS.items() if not learner.algorithm}
    there = {*ours[column], *original.join(ours, on=CELL, how="semi")[column]}
    rows = []
    for values in ours.select(CELL).unique(maintain_order=True).iter_rows():
        of_cell = dict(zip(CELL, values, strict=True))
        row = {key: str(value) for key, value in of_cell.items()}
        for value, label in labels.items():
            if value in there:
                mine, theirs = (either.filter(**of_cell | {column: value}) for either in policies)
                row[label] = (show(mine) if len(mine) else "") + (f" ({show(theirs)})" if len(theirs) else "")
        rows.append(row)
    return table(rows, labels=2)


def weights_table(policies: Compared, show: Callable[[pl.DataFrame], str]) -> str:
    """Return the table of `Grid.entropy`: a column for each λ."""
    weights = policies.ours["entropy_coefficient"].unique().sort()
    return cells_table(policies, show, "entropy_coefficient", {weight: f"λ = {weight:g}" for weight in weights})


def experts_table(grid: Grid) -> str:
    """Return a table of what each expert makes, in the baseline's evaluation, and the paper's expert."""
    rows = []
    papers = dict(grid.sampled.original.select("environment", "expert_return").unique().iter_rows())
    evaluated = grid.plain.filter(algorithm=BASELINE).unique("environment", keep="first", maintain_order=True)
    for policy in evaluated.iter_rows(named=True):
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
            scaled = None not in (made, policy["normalized"])
            shown = f"{normalized(made, random_return, expert_return):.2f}" if scaled else "—"
            row[mode] = f"{_number(made)} ({shown})"
        row["the paper's"] = _number(papers[environment]) if environment in papers else ""
        rows.append(row)
    return table(rows, labels=1)


def show_counts(policies: pl.DataFrame) -> str:
    """Return how many runs a cell has, such as 3, or 1 to 7 where cells differ."""
    counts = policies.group_by(CELL).len()["len"].to_list()
    return " to ".join(str(count) for count in sorted({min(counts), max(counts)}))


def show_score(policies: pl.DataFrame, column: str = "normalized") -> str:
    scores = policies[column].drop_nulls().to_numpy()
    return f"{scores.mean():.2f}" if len(scores) else "—"


def show_stochastic_score(policies: pl.DataFrame) -> str:
    return show_score(policies, "stochastic_normalized")


def show_both_scores(policies: pl.DataFrame) -> str:
    return f"{show_score(policies)}, {show_stochastic_score(policies)}"


def show_return(policies: pl.DataFrame) -> str:
    returns = policies["mean_return"].to_numpy()
    return _number(returns.mean()) + _spread(returns.std(ddof=1) if len(returns) > 1 else None, returns.mean())


def _exact(value: float | None) -> str:
    return "—" if value is None else f"{value:,.1f}"


def _number(value: float | None) -> str:
    return "—" if value is None else f"{value:,.{_digits(value)}f}"


def _spread(value: float | None, mean: float | None) -> str:
    """Return ± a spread, with as many digits as its mean, or nothing where there is none."""
    return "" if value is None or mean is None else f" ± {value:,.{_digits(mean)}f}"


def _digits(value: float) -> int:
    return 0 if abs(value) >= 100 else 1
