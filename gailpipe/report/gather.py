"""All tasks' results, gathered from the files that the other stages made."""

from pathlib import Path

import polars as pl

from gailpipe.algorithms.bc.settings import Bc
from gailpipe.algorithms.gail.settings import Gail
from gailpipe.evaluation.returns import SCHEMA, trajectory_returns
from gailpipe.foundation.params import load_envs, load_section
from gailpipe.foundation.tables import read_table
from gailpipe.report.cells import require_cells
from gailpipe.report.original import OriginalResults
from gailpipe.report.results import TaskResult, task_result


def gather_results(params: Path, data: Path, original_directory: Path) -> list[TaskResult]:
    """Return the results of the tasks that `params` names.

    Args:
        params: params.yaml.
        data: Holds what the other stages made.
        original_directory: Holds the paper's own results.
    """
    tasks = load_envs(params)
    for directory in ("demonstrations", "evaluations"):
        require_cells(data / directory, tasks)
    original = OriginalResults(original_directory)
    return [_summarise(task, data, params, original) for task in tasks]


def load_evaluation(data: Path, task: str) -> pl.DataFrame:
    """Return a task's episodes, as `SCHEMA` says."""
    return read_table(data / "evaluations" / f"{task}.parquet", SCHEMA)


def _summarise(task: str, data: Path, params: Path, original: OriginalResults) -> TaskResult:
    trajs = {
        "bc": load_section(params, Bc, "bc", task).trajs,
        "gail": load_section(params, Gail, "gail", task).trajs,
    }
    return task_result(
        task,
        load_evaluation(data, task),
        trajectory_returns(data / "demonstrations" / f"{task}.parquet"),
        trajs,
        {learner: original.score(task, learner, count) for learner, count in trajs.items()},
    )
