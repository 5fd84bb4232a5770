"""paper/report/README.md."""

from collections.abc import Callable, Mapping, Sequence
from math import nan
from typing import Any

import polars as pl

from gailpipe.report.style import LABELS

ALGORITHMS = {name: LABELS[name] for name in ("bc", "fem", "gtal", "gail", "gail-bc")}
PAGE = """\
# The paper's evaluation, on current simulators

Every task, algorithm and number of trajectories of Ho & Ermon (2016), and a few more, by the pipeline in
[paper/dvc.yaml](../dvc.yaml). Scores are of deterministic policies, in Gymnasium, from the same initial states for all:
GAIL's, FEM's and GTAL's are the last of a fixed budget, BC's has the least validation error. No return chose between
policies, and settings were found on seeds that are not used here. The normalised score is
(return − random) / (expert − random), the expert's return being the mean of its sampled, stochastic trajectories: ours
with our simulators' returns, the paper's with those of its own. [results.csv](results.csv) has a row for each policy.

## In short
{verdicts}

{discussion}

## Scores

![Normalised scores against the number of trajectories](figures/normalized.svg)

Solid: ours, the mean over runs, with a 95 % interval (Student's) where there are several. Dotted and hollow: the
[paper's results](../original/README.md).

{scores}

Normalised scores, ours and, in brackets, the paper's; means over runs.

![Returns against the number of trajectories](figures/returns.svg)

## Whole trajectories
{whole}

Normalised scores from five trajectories with all their steps, after Holly Grimm's study.

## Causal entropy on Reacher

![Normalised scores with four weights of the causal entropy](figures/entropy.svg)

{entropy}

Normalised scores of GAIL, ours and, in brackets, the paper's. The figure ends at −2.

## Learning

![Learning curves of GAIL](figures/learning.svg)

Normalised return of GAIL's stochastic policy while it learns, which GAIL itself never sees; the band spans all runs.

## All returns
{returns}

Mean and standard deviation over runs of the mean return; in brackets the paper's, of its own simulators.
"""


def page(ours: pl.DataFrame, original: pl.DataFrame, discussion: str) -> str:
    """Return the report as Markdown.

    Args:
        ours: `gather`'s rows.
        original: `PaperResults.policies`.
        discussion: What was found, in Markdown.
    """
    original = original.with_columns(demonstrations="environment")
    main, main_original = without_entropy(ours), without_entropy(original)
    whole = pl.col("demonstrations") != pl.col("environment")
    subsampled = main.filter(~whole)
    on_reacher = pl.col("environment").is_in(ours.filter(pl.col("entropy_coefficient") > 0)["environment"].implode())
    of_gail = on_reacher & (pl.col("algorithm") == "gail")
    weights = ours.filter(of_gail)["entropy_coefficient"].unique().sort().to_list()
    lambdas = {weight: f"λ = {weight:g}" for weight in weights}
    sets = ["environment", "trajectories"]
    return PAGE.format(
        verdicts=verdicts(subsampled, main_original),
        discussion=discussion.strip(),
        scores=table(subsampled, main_original, sets, "algorithm", ALGORITHMS, _score),
        whole=table(main.filter(whole), original.clear(), ["environment"], "algorithm", ALGORITHMS, _score),
        entropy=table(ours.filter(of_gail), original, sets, "entropy_coefficient", lambdas, _score),
        returns=table(subsampled, main_original, sets, "algorithm", ALGORITHMS, _return),
    )


def without_entropy(policies: pl.DataFrame) -> pl.DataFrame:
    """Return the rows of BC, and all with λ = 0."""
    return policies.filter(pl.col("entropy_coefficient").fill_null(0.0) == 0)


def verdicts(ours: pl.DataFrame, original: pl.DataFrame) -> str:
    """Return, as a list in Markdown, how GAIL from a random policy compares with the paper's, and with BC."""
    keys = ["environment", "trajectories"]
    mean = pl.col("normalized").mean()
    cells = ours.filter(algorithm="gail").group_by(keys, maintain_order=True).agg(gail=mean)
    cells = cells.join(ours.filter(algorithm="bc").group_by(keys).agg(bc=mean), on=keys, maintain_order="left")
    paper = original.filter(algorithm="gail").group_by(keys).agg(paper=mean)
    cells = cells.join(paper, on=keys, maintain_order="left")
    below_paper = cells.filter(pl.col("gail") < pl.col("paper"))
    below_bc = cells.filter(pl.col("gail") < pl.col("bc"))
    return "\n".join(
        [
            f"- GAIL's mean normalised score over {len(cells)} demonstration sets is **{_mean(cells['gail']):.3f}**; "
            f"the paper's is {_mean(cells['paper']):.3f}, BC's here {_mean(cells['bc']):.3f}.",
            f"- GAIL is at or above the paper's score in {len(cells) - len(below_paper)} of {len(cells)} sets"
            f"{_list(below_paper, 'paper')}.",
            f"- GAIL is at or above BC in {len(cells) - len(below_bc)} of {len(cells)} sets{_list(below_bc, 'bc')}.",
        ]
    )


def table(
    ours: pl.DataFrame,
    original: pl.DataFrame,
    keys: Sequence[str],
    column: str,
    labels: Mapping[Any, str],
    show: Callable[[pl.DataFrame], str],
) -> str:
    """Return a table in Markdown: a row for each of `keys`, a column for each label, the paper's in brackets."""
    lines = [f"| {' | '.join([*keys, *labels.values()])} |", f"|{'---|' * len(keys)}{'--:|' * len(labels)}"]
    for values in ours.select(keys).unique(maintain_order=True).iter_rows():
        cells = [str(value) for value in values]
        for value in labels:
            chosen = dict(zip(keys, values, strict=True)) | {column: value}
            mine, theirs = (policies.filter(**chosen) for policies in (ours, original))
            cells.append((show(mine) if len(mine) else "") + (f" ({show(theirs)})" if len(theirs) else ""))
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _score(policies: pl.DataFrame) -> str:
    return f"{_mean(policies['normalized']):.2f}"


def _mean(values: pl.Series) -> float:
    mean = values.mean()
    return mean if isinstance(mean, float) else nan


def _return(policies: pl.DataFrame) -> str:
    returns = policies["mean_return"].to_numpy()
    spread = f" ± {returns.std(ddof=1):,.0f}" if len(returns) > 1 else ""
    return f"{returns.mean():,.0f}{spread}"


def _list(cells: pl.DataFrame, other: str) -> str:
    """Return what is missing where, with GAIL's score and the other one."""
    named = [
        f"{row['environment']} from {row['trajectories']} ({row['gail']:.2f} against {row[other]:.2f})"
        for row in cells.iter_rows(named=True)
    ]
    return f", not on {', '.join(named)}" if named else ""
