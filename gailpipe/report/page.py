"""The report in words: reports/README.md."""

from collections.abc import Sequence

from gailpipe.evaluation.scores import Score
from gailpipe.report.markdown import table
from gailpipe.report.results import TaskResult
from gailpipe.report.style import LABELS

INTRODUCTION = """\
# Results

Written by the `page` stage from what `dvc repro` evaluated, in Gymnasium, from the same initial states for all.
Scores of BC and GAIL are those of deterministic policies: GAIL's is the last of a fixed budget, BC's has the least
validation error, and no return chose between snapshots. Settings were found on other seeds; the search for CartPole's
began because of a result on these ([CONTRIBUTING.md](../CONTRIBUTING.md#departures-from-the-paper) has all of them).
The random policy draws actions uniformly.

The normalised score is (return − random) / (expert − random). Its 1 is the mean return of the sampled, stochastic
trajectories that the demonstrations come from, as in [the paper]({paper}#S6), so that a deterministic imitator can pass
it; beside it stands what the expert makes in the evaluation. Intervals are Student's over seeds. All seeds learn from
the same trajectories of the same expert, so what another choice of these would change is not in them; nor is the error
of the scale's own two ends.
"""

SCORES = """\
## Scores

![Normalised scores of BC and GAIL on each task](figures/scores.svg)

Each small dot is a seed, each large marker the mean with its 95 % interval; hollow diamonds are what the paper reports
for its own simulators ([section 6]({paper}#S6)), at the same number of trajectories.
"""

RETURNS = """\
## Returns

![Histograms of the returns of the expert, BC and GAIL](figures/returns.svg)

How often an episode makes which return: filled, where policies act by their mode, outlined, where they sample; all
seeds together. Above the bars is the mean of each deterministic policy. Where a policy falls in some episodes and not
in others, its mean alone would not tell.
"""

FILMS = """\
## Films

{films}

The first seconds of an episode of the expert, and of BC's and GAIL's policies of seed 0, which act by their mode, from
the same initial state, with the return so far. `python -m gailpipe.films` makes others, of any policy.
"""

OCCUPANCY = """\
## Occupancy

![States of the expert, BC and GAIL, and the discriminator's judgement of them](figures/occupancy.svg)

States that the stochastic policies visit (of BC and GAIL those of seed 0), in the plane of the two principal
directions of the expert's; grey below them are the expert's own. The number is how far they are from the expert's, in
all dimensions: the energy coefficient of inhomogeneity (Székely & Rizzo 2013) of standardised states, from 0, alike
(by chance a little below it), to 1; at the expert it is that of its own when it plays again. Matching this [occupancy
measure]({paper}#S3) is what GAIL is for, while cloning matches actions alone; where errors do not add up over an
episode, cloning can come nearer all the same. On the right is the [discriminator]({paper}#S5) after GAIL's last
iteration over the same plane, where all other directions are at their mean and GAIL's policy acts by its mode: blue,
within solid lines, where it takes a pair for the expert's, red and dashed where for the policy's. The dots are the
expert's states.
"""

LEARNING = """\
## Learning

![Learning curves of GAIL](figures/learning.svg)

Each point is the mean of the iterations around it, a share of the run's (`report.smoothing`). The rows show, from
above: the return of the stochastic policy while GAIL trains, which GAIL itself never sees (an iteration counts as much
where one episode ended in it as where sixty did; since all simulators start anew at once, episodes that end early are
alone in many iterations, so that where falls end them the curve swings and lies below what the policy makes, and where
success ends them it can begin above a random policy); how often the
[discriminator]({paper}#S5) is right, where one half means that it can't tell the policy from the expert; how far each
[TRPO](https://arxiv.org/abs/1502.05477) step moves the policy, as a KL divergence, in a trust region that shrinks to
nothing over the run; and the entropy of the policy's actions, which falls as the policy grows sure. Lines are means
over seeds, bands span all of them.
"""

COLUMNS = ("trajectories", "deterministic", "stochastic", "normalised", "95 % interval", "seeds", "paper")
PAPER = "https://ar5iv.labs.arxiv.org/html/1606.03476"


def page(results: Sequence[TaskResult], films: Sequence[str]) -> str:
    """Return the report as Markdown, with a section of `films`, each in Markdown."""
    sections = [INTRODUCTION, _table(results), SCORES, RETURNS, FILMS, OCCUPANCY, LEARNING]
    return "\n".join(section.format(paper=PAPER, films="\n\n".join(films)) for section in sections)


def _table(results: Sequence[TaskResult]) -> str:
    rows = []
    for result in results:
        evaluated = {
            "deterministic": _number(result.expert_deterministic_return),
            "stochastic": _number(result.expert_stochastic_return),
        }
        rows += [
            _row(result, "Random", stochastic=_number(result.random_return), normalised="0", paper="0"),
            _row(result, "Expert, demonstrating", stochastic=_number(result.expert_return), normalised="1", paper="1"),
            _row(result, "Expert, evaluated", **evaluated),
        ]
        for name, learner in result.learners.items():
            cells = {
                "trajectories": str(learner.trajs),
                "deterministic": _number(learner.returns.value),
                "stochastic": _number(learner.stochastic_return),
                "normalised": _score(learner.normalized.value if learner.normalized else None),
                "95 % interval": _interval(learner.normalized),
                "seeds": str(learner.returns.seeds),
                "paper": _score(learner.paper),
            }
            rows.append(_row(result, LABELS[name], **cells))
    return f"{table(rows, labels=2)}\n"


def _row(result: TaskResult, policy: str, **cells: str) -> dict[str, str]:
    return {"task": result.task, "policy": policy} | {column: cells.get(column, "") for column in COLUMNS}


def _number(value: float) -> str:
    return f"{value:,.1f}"


def _score(value: float | None) -> str:
    return "—" if value is None else f"{value:.3f}"


def _interval(score: Score | None) -> str:
    return "—" if score is None or score.ci95 is None else f"{score.ci95[0]:.3f} … {score.ci95[1]:.3f}"
