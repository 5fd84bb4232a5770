"""A task's results, gathered from what the stages made."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import ArrayLike

from gailpipe.evaluation.scores import Score, has_scale, normalized, score


@dataclass(frozen=True)
class LearnerResult:
    """What one learner's policies make; but for `stochastic_return`, as deterministic policies."""

    trajs: int
    returns: Score
    stochastic_return: float  # mean over seeds
    normalized: Score | None  # None where the demonstrations are no better than the random policy
    normalized_of_seeds: list[float]
    paper: float | None  # the paper's normalised score, where it has this task and size


@dataclass(frozen=True)
class TaskResult:
    task: str
    random_return: float
    expert_return: float  # of the sampled, stochastic trajectories: the 1 of the normalised score
    expert_deterministic_return: float  # on the evaluation's initial states, as all that follow
    expert_stochastic_return: float
    learners: dict[str, LearnerResult]

    def metrics(self) -> dict[str, Any]:
        """Return what reports/metrics.json says of the task."""
        metrics: dict[str, Any] = {
            "random": {"return": self.random_return},
            "expert": {"return": self.expert_return, "deterministic_return": self.expert_deterministic_return},
        }
        for name, learner in self.learners.items():
            metrics[name] = {
                "trajs": learner.trajs,
                "seeds": learner.returns.seeds,
                "return": learner.returns.value,
                "stochastic_return": learner.stochastic_return,
                "normalized": learner.normalized and learner.normalized.value,
                "normalized_ci95": learner.normalized and learner.normalized.ci95 and list(learner.normalized.ci95),
            }
        return metrics


def scores_table(results: Sequence[TaskResult]) -> pl.DataFrame:
    """Return the mean normalised score of each learner on each task that has a scale."""
    rows = [
        (result.task, name, learner.normalized.value)
        for result in results
        for name, learner in result.learners.items()
        if learner.normalized
    ]
    return pl.DataFrame(rows, schema={"task": pl.String, "learner": pl.String, "normalized": pl.Float64}, orient="row")


def task_result(
    task: str,
    evaluation: pl.DataFrame,
    demonstrated_returns: ArrayLike,
    trajs: dict[str, int],
    paper: dict[str, float | None],
) -> TaskResult:
    """Summarise a task.

    Args:
        task: Its name.
        evaluation: One row per episode (`gailpipe.evaluation.returns.SCHEMA`).
        demonstrated_returns: Of the sampled trajectories.
        trajs: How many trajectories each learner had.
        paper: The paper's normalised score of each learner.
    """
    means = evaluation.group_by("policy", "seed", "mode", maintain_order=True).agg(pl.col("return").mean())
    random_return = means.filter(policy="random")["return"].item()
    expert_return = float(np.asarray(demonstrated_returns, np.float64).mean())
    scaled = has_scale(evaluation.filter(policy="random")["return"].to_numpy(), demonstrated_returns)
    learners = {}
    for name in trajs:
        returns = means.filter(policy=name, mode="deterministic")["return"]
        stochastic_returns = means.filter(policy=name, mode="stochastic")["return"]
        scores = [normalized(value, random_return, expert_return) for value in returns] if scaled else []
        learners[name] = LearnerResult(
            trajs[name],
            score(returns.to_list()),
            float(np.mean(stochastic_returns.to_numpy())),
            score(scores) if scores else None,
            scores,
            paper[name],
        )
    expert = {
        mode: means.filter(policy="expert", mode=mode)["return"].item() for mode in ("deterministic", "stochastic")
    }
    return TaskResult(task, random_return, expert_return, expert["deterministic"], expert["stochastic"], learners)
