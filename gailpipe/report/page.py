"""reports/README.md."""

from collections.abc import Sequence

from gailpipe.evaluation.scores import Score
from gailpipe.report.results import TaskResult
from gailpipe.report.style import LABELS

INTRODUCTION = """\
# Results

Written by the `report` stage from what `dvc repro` evaluated.
Returns of BC and GAIL are means over Gymnasium episodes of deterministic policies, and over seeds. Nothing was chosen
by them: GAIL's policy is the last of a fixed budget, BC's has the least validation error. The random policy draws
actions uniformly. The expert's return is that of its sampled, stochastic trajectories, as in the paper, so that a
deterministic imitator can pass it. The normalised score is (return − random) / (expert − random). Intervals are
Student's over seeds; all seeds learn from the same trajectories of the same expert, so what another choice of these
would change is not in them.
"""

SCORES = """\
## Scores

![Normalised scores of BC and GAIL on each task](figures/scores.svg)

Each small dot is a seed, each large marker the mean with its 95 % interval; hollow diamonds are what the paper reports
for its own simulators, at the same number of trajectories.
"""

LEARNING = """\
## Learning

![Learning curves of GAIL](figures/learning.svg)

Above, the return of the stochastic policy while GAIL trains, which GAIL itself never sees. Below, how often the
discriminator is right: at one half it can't tell the policy from the expert.
"""


def page(results: Sequence[TaskResult]) -> str:
    """Return the report as Markdown."""
    return "\n".join([INTRODUCTION, _table(results), SCORES, LEARNING]).rstrip() + "\n"


def _table(results: Sequence[TaskResult]) -> str:
    lines = [
        "| task | policy | trajectories | return | normalised | 95 % interval | seeds | paper |",
        "|---|---|--:|--:|--:|--:|--:|--:|",
    ]
    for result in results:
        lines.append(_row(result.task, "Random", "", f"{result.random_return:,.1f}", "0", "", "", "0"))
        lines.append(_row("", "Expert", "", f"{result.expert_return:,.1f}", "1", "", "", "1"))
        lines.append(_row("", "Expert, deterministic", "", f"{result.expert_deterministic_return:,.1f}", *[""] * 4))
        for name, learner in result.learners.items():
            scored = "—" if learner.normalized is None else f"{learner.normalized.value:.3f}"
            paper = "—" if learner.paper is None else f"{learner.paper:.3f}"
            lines.append(
                _row(
                    "",
                    LABELS[name],
                    str(learner.trajs),
                    f"{learner.returns.value:,.1f}",
                    f"**{scored}**" if name == "gail" else scored,
                    _interval(learner.normalized),
                    str(learner.returns.seeds),
                    paper,
                )
            )
    return "\n".join(lines) + "\n"


def _row(*cells: str) -> str:
    return "| " + " | ".join(cells) + " |"


def _interval(score: Score | None) -> str:
    return "—" if score is None or score.ci95 is None else f"{score.ci95[0]:.3f} … {score.ci95[1]:.3f}"
