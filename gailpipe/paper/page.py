"""paper/report/README.md."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import polars as pl

from gailpipe.paper.figures import ALGORITHMS
from gailpipe.paper.results import studied_for_entropy, subsampled, without_entropy
from gailpipe.paper.verdicts import verdicts
from gailpipe.report.style import LABELS

LABELS_OF_ALGORITHMS = {name: LABELS[name] for name in ALGORITHMS}
INTRODUCTION = """\
# The paper's evaluation, on current simulators

The evaluation of Ho & Ermon (2016), and a little more, by the pipeline in [paper/dvc.yaml](../dvc.yaml) with
[paper/params.yaml](../params.yaml). Scores are of deterministic policies, in Gymnasium, from the same initial states
for all: GAIL's, FEM's and GTAL's are the last of a fixed budget, BC's has the least validation error. No return chose
between policies. Settings were found on other seeds; that HalfCheetah, Walker2d, Ant, and FEM and GTAL on
CartPole needed more steps, HalfCheetah a greater gradient penalty, and Walker2d and Ant smaller batches, was seen on
these ([CONTRIBUTING.md](../../CONTRIBUTING.md#departures-from-the-paper) has all that differs from the paper). The
normalised score is (return − random) / (expert − random), the expert's return being the mean of its sampled,
stochastic trajectories: ours with our simulators' returns, the paper's with those of its own.
[results.csv](results.csv) has a row for each policy.

## In short
{verdicts}

{discussion}
"""

SCORES = """\
## Scores

![Normalised scores against the number of trajectories](figures/normalized.svg)

Solid: ours, the mean over runs, with a 95 % interval (Student's) where there are several. Dotted and hollow: the
[paper's results](../original/README.md). Intervals take the scale as exact, and are cut where they leave the panel.
Runs of a set: {runs}; the paper's: {original_runs}.

{scores}

Normalised scores, ours and, in brackets, the paper's; means over runs.

![Returns against the number of trajectories](figures/returns.svg)

Returns, in the same way. The paper's are of its own simulators and experts; the dotted line is its expert's.
"""

WHOLE = """\
## Whole trajectories
{whole}

Normalised scores from trajectories with all their steps, after Holly Grimm's study.
"""

ENTROPY = """\
## Causal entropy

![Normalised scores with different weights of the causal entropy](figures/entropy.svg)

{entropy}

Normalised scores of GAIL, ours and, in brackets, the paper's. The figure ends at −2.
"""

FILMS = """\
## Films

{films}

The first seconds of an episode of the expert, and of BC's and GAIL's policies of run 0, which act by their mode, from
the same initial state, with the return so far.
"""

LEARNING = """\
## Learning

![Learning curves of GAIL](figures/learning.svg)

Normalised return of GAIL's stochastic policy while it learns, which GAIL itself never sees: each point is the mean of
the iterations around it, a share of the run's (`report.smoothing`), the band spans all runs. Where some episodes end
early, the curve swings, and lies below what the policy makes: all simulators start anew at once, short episodes are the
first to be over, and those that are cut off then do not count.
"""

CLONING = """\
![Learning curves of GAIL from a cloned and from a random policy](figures/cloning.svg)

The same from two starts, and from the fewest trajectories of each task: from a random policy, and from one that was
cloned first and has the noise that the random one starts with.
"""

RETURNS = """\
## All returns
{returns}

Mean and standard deviation over runs of the mean return; in brackets the paper's, of its own simulators.
"""


def page(ours: pl.DataFrame, original: pl.DataFrame, discussion: str, films: Sequence[str]) -> str:
    """Return the report as Markdown, without the sections that have no results.

    Args:
        ours: `gather`'s rows.
        original: `PaperResults.policies`.
        discussion: What was found, in Markdown.
        films: Each in Markdown.
    """
    sampled = subsampled(ours)
    plain, original_plain = without_entropy(sampled), without_entropy(original)
    whole = without_entropy(ours).filter(pl.col("demonstrations") != pl.col("environment"))
    entropy, original_entropy = (studied_for_entropy(policies, sampled) for policies in (sampled, original))
    lambdas = {weight: f"λ = {weight:g}" for weight in entropy["entropy_coefficient"].unique().sort()}
    sets = ["environment", "trajectories"]
    sections = [
        INTRODUCTION.format(verdicts=verdicts(plain, original_plain), discussion=discussion.strip()),
        SCORES.format(
            scores=table(plain, original_plain, sets, "algorithm", LABELS_OF_ALGORITHMS, _score),
            runs=_runs(plain),
            original_runs=_runs(original_plain.join(plain, on=sets, how="semi")),
        ),
    ]
    if len(whole):
        scores = table(whole, original.clear(), sets, "algorithm", LABELS_OF_ALGORITHMS, _score)
        sections.append(WHOLE.format(whole=scores))
    if len(entropy):
        scores = table(entropy, original_entropy, sets, "entropy_coefficient", lambdas, _score)
        sections.append(ENTROPY.format(entropy=scores))
    if films:
        sections.append(FILMS.format(films="\n\n".join(films)))
    sections.append(LEARNING)
    if "gail-bc" in plain["algorithm"]:
        sections.append(CLONING)
    returns = table(plain, original_plain, sets, "algorithm", LABELS_OF_ALGORITHMS, _return)
    return "\n".join([*sections, RETURNS.format(returns=returns)])


def _runs(policies: pl.DataFrame) -> str:
    """Return how many runs each algorithm has in a set, such as BC 3 or 7, GAIL 1."""
    counts = policies.group_by("algorithm", "environment", "trajectories").len()
    runs = {
        label: " or ".join(str(count) for count in counts.filter(algorithm=algorithm)["len"].unique().sort())
        for algorithm, label in LABELS_OF_ALGORITHMS.items()
    }
    return ", ".join(f"{label} {numbers}" for label, numbers in runs.items() if numbers)


def table(
    ours: pl.DataFrame,
    original: pl.DataFrame,
    keys: Sequence[str],
    column: str,
    labels: Mapping[Any, str],
    show: Callable[[pl.DataFrame], str],
) -> str:
    """Return a table in Markdown: a row for each of `keys`, a column for each label, the paper's in brackets.

    A column without results is left out.
    """
    there = {*ours[column], *original.join(ours, on=keys, how="semi")[column]}
    labels = {value: label for value, label in labels.items() if value in there}
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
    return f"{policies['normalized'].to_numpy().mean():.2f}"


def _return(policies: pl.DataFrame) -> str:
    returns = policies["mean_return"].to_numpy()
    mean, digits = returns.mean(), 0 if abs(returns.mean()) >= 100 else 1
    spread = f" ± {returns.std(ddof=1):,.{digits}f}" if len(returns) > 1 else ""
    return f"{mean:,.{digits}f}{spread}"
