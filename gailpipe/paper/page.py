"""paper/report/README.md."""

from collections.abc import Sequence

import polars as pl

from gailpipe.paper.curves import crossings
from gailpipe.paper.figures import LOWEST_SHOWN
from gailpipe.paper.results import SET_KEYS, Compared, Grid
from gailpipe.paper.tables import (
    LABELS_OF_ALGORITHMS,
    experts_table,
    sets_table,
    show_both_scores,
    show_return,
    show_score,
    show_stochastic_score,
    weights_table,
)
from gailpipe.paper.verdicts import verdicts
from gailpipe.report.markdown import table

INTRODUCTION = """\
# The paper's evaluation, on current simulators

The evaluation of Ho & Ermon (2016), and a little more, by the pipeline in [paper/dvc.yaml](../dvc.yaml) with
[paper/params.yaml](../params.yaml). Scores are of deterministic policies, in Gymnasium, from the same initial states
for all: GAIL's, FEM's and GTAL's are the last of a fixed budget, BC's has the least validation error. No return chose
between policies. Settings were found on other seeds; for some the search began because of results on these:
[CONTRIBUTING.md](../../CONTRIBUTING.md#departures-from-the-paper) lists them, and all else that differs from the paper.
The normalised score is (return − random) / (expert − random), the expert's return being the mean of its sampled,
stochastic trajectories: ours with our simulators' returns, the paper's with those of its own.
[results.csv](results.csv) has a row for each policy ([columns](#all-returns)).

## In short
{verdicts}
{findings}
"""

SCORES = """\
## Scores

![Normalised scores against the number of trajectories](figures/normalized.svg)

Solid: ours, the mean over runs, with a 95 % interval (Student's) where there are several. Dotted and hollow: the
[paper's results](../original/README.md), means alone. Intervals are of the runs alone: they take the scale as exact and
the demonstrations and initial states, which all runs of a set share, as given. They are cut where they leave the panel.
Runs of a set: {runs}; the paper's: {original_runs}.

Normalised scores, ours and, in brackets, the paper's; means over runs:

{scores}

![Returns against the number of trajectories](figures/returns.svg)

Returns of deterministic policies. The paper's are of its own simulators and experts.
"""

EXPERTS = """\
## Experts

For each task the random policy's return; the mean return of the expert's sampled trajectories, the 1 of the scale, with
its standard error; the expert's return and score in BC's and GAIL's evaluation, in each mode; and the return of the
paper's expert in its own simulator.

{experts}
"""

STOCHASTIC = """\
## Acting with noise

Normalised scores of our stochastic policies, with the noise that GAIL, FEM and GTAL learned with:

{scores}
"""

WHOLE = """\
## Whole trajectories

Normalised scores from trajectories with all their steps, after
[Holly Grimm's study](https://hollygrimm.com/posts/rl_gail/): of deterministic policies and, behind the comma, of
stochastic ones.

{whole}
"""

ENTROPY = """\
## Causal entropy

![Normalised scores with different weights of the causal entropy](figures/entropy.svg)

Normalised scores of GAIL, ours and, in brackets, the paper's. What is below {lowest:g} is in the table alone.

{entropy}
"""

FILMS = """\
## Films

The first seconds of an episode of the expert, and of BC's and GAIL's policies of run 0, which act by their mode, from
the same initial state, with the return so far. Titles name the task and how many trajectories (full: whole ones).

{films}
"""

LEARNING = """\
## Learning

![Learning curves of GAIL](figures/learning.svg)

Normalised return of GAIL's stochastic policy while it learns, which GAIL itself never sees: each point is the mean of
the iterations before and after it, {share} of the run's, the band spans all runs; the dashed line is the expert, and a
star is what the last policies make in the evaluation, stochastically, as a mean over runs. An iteration counts as much
where one episode ended in it as where sixty did. Since all simulators start anew at once, episodes that end early are
alone in many iterations. So where falls end them the curve swings and lies below the star, and where success ends them
it can begin above a random policy. Reacher's begin there since GAIL starts with less noise.
"""

CLONING = """\
![Learning curves of GAIL from a cloned and from a random policy](figures/cloning.svg)

The same from two starts, and from the fewest trajectories of each kind: from a random policy, and from one that was
cloned first and has the noise that the random one starts with.

Million steps until a curve first reaches a score, for every set that was cloned: the least and the most of the runs,
and how many reach it where not all do. A point averages over {share} of a run, half of it before and half after, so
that a crossing may be early by half of that, and late where the curve swings about the score.

{crossings}
"""

DISCUSSION = """\
## In detail

{discussion}
"""

RETURNS = """\
## All returns

Mean and sample standard deviation over runs of the mean return of deterministic policies; in brackets the paper's, of
its own simulators:

{returns}

[results.csv](results.csv) has a row for each policy. `mean_return` and `std_return`, a population's, are over
`episodes` deterministic episodes, `stochastic_return` is a mean over as many; `normalized` and `stochastic_normalized`
are their scores. The scale is `random_return` and `expert_return`, the latter the mean of all sampled trajectories of
the task, with its `expert_standard_error`; `expert_deterministic_return` and `expert_stochastic_return` are the
expert's in the same evaluation. `entropy_coefficient` is λ, `env_steps` counts steps of the simulators while learning,
`demonstrations` names the trajectories (-full: whole ones), and `gail-bc` is GAIL, cloned first.
"""


def page(
    grid: Grid, curves: pl.DataFrame, films: Sequence[str], smoothing: float, findings: str, discussion: str
) -> str:
    """Return the report as Markdown, without the sections that have no results.

    Args:
        grid: All policies.
        curves: As `learning_curves` returns them.
        films: Each in Markdown.
        smoothing: Share of a run's iterations that a point of a curve averages over.
        findings: The main ones, as a list in Markdown.
        discussion: All of them at length, in Markdown.
    """
    ours, original = grid.sampled
    sections = [
        INTRODUCTION.format(verdicts=verdicts(grid.sampled), findings=findings),
        SCORES.format(
            scores=sets_table(grid.sampled, show_score),
            runs=_runs(ours),
            original_runs=_runs(original.join(ours, on=SET_KEYS, how="semi")),
        ),
        EXPERTS.format(experts=experts_table(grid.plain, original)),
        STOCHASTIC.format(scores=sets_table(Compared(ours, original.clear()), show_stochastic_score)),
    ]
    if len(grid.whole.ours):
        sections.append(WHOLE.format(whole=sets_table(grid.whole, show_both_scores)))
    if len(grid.entropy.ours):
        sections.append(ENTROPY.format(entropy=weights_table(grid.entropy, show_score), lowest=LOWEST_SHOWN))
    share = f"{100 * smoothing:g} %"
    sections.append(LEARNING.format(share=share))
    if "gail-bc" in curves["algorithm"]:
        sections.append(CLONING.format(share=share, crossings=table(crossings(curves), labels=2)))
    if films:
        sections.append(FILMS.format(films="\n\n".join(films)))
    sections.append(DISCUSSION.format(discussion=discussion))
    returns = [sets_table(grid.sampled, show_return)]
    if len(grid.whole.ours):
        returns += ["From whole trajectories:", sets_table(grid.whole, show_return)]
    if len(grid.entropy.ours):
        returns += ["GAIL with different weights of the causal entropy:", weights_table(grid.entropy, show_return)]
    sections.append(RETURNS.format(returns="\n\n".join(returns)))
    return "\n".join(sections)


def _runs(policies: pl.DataFrame) -> str:
    """Return how many runs each algorithm has in a set, such as BC 3 or 7, GAIL 1."""
    counts = policies.group_by("algorithm", *SET_KEYS).len()
    runs = {
        label: " or ".join(str(count) for count in counts.filter(algorithm=algorithm)["len"].unique().sort())
        for algorithm, label in LABELS_OF_ALGORITHMS.items()
    }
    return ", ".join(f"{label} {numbers}" for label, numbers in runs.items() if numbers)
