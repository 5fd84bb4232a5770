"""Write the table, the figures and the metrics of all tasks."""

import argparse
import json
from collections.abc import Iterable
from pathlib import Path

from gailpipe.evaluation.returns import SCHEMA
from gailpipe.foundation.command import run, stage_parser
from gailpipe.foundation.errors import UserError
from gailpipe.foundation.files import write_file
from gailpipe.foundation.scratch import remove_done
from gailpipe.foundation.tables import read_table
from gailpipe.imitation.trajectories import mean_return
from gailpipe.params.base import load_section, load_tasks
from gailpipe.params.cloning import Bc
from gailpipe.params.gail import Gail
from gailpipe.params.report import Report
from gailpipe.report.figures import learning_figure, scores_figure
from gailpipe.report.page import page
from gailpipe.report.paper import PaperResults
from gailpipe.report.results import TaskResult, task_result
from gailpipe.report.style import apply_style, save_svg

CURVES = ("seed", "env_steps", "return", "expert_accuracy", "policy_accuracy")


def main(arguments: argparse.Namespace) -> None:
    settings = load_section(arguments.params, Report, "report")
    tasks = load_tasks(arguments.params)
    for directory in ("demonstrations", "evaluations", "gail"):
        require_cells(arguments.data / directory, tasks)
    paper = PaperResults(arguments.paper)
    results = [summarise(task, arguments.data, arguments.params, paper) for task in tasks]
    curves = {task: read_table(arguments.data / "gail" / task / "learning.parquet", CURVES) for task in tasks}
    apply_style()
    save_svg(scores_figure(results), arguments.out / "figures" / "scores.svg")
    save_svg(learning_figure(results, curves, settings.smoothing), arguments.out / "figures" / "learning.svg")
    write_file(arguments.out / "README.md", page(results).encode())
    metrics = {result.task: result.metrics() for result in results}
    remove_done()
    write_file(arguments.out / "metrics.json", f"{json.dumps(metrics, indent=2)}\n".encode())


def require_cells(directory: Path, tasks: Iterable[str]) -> None:
    """Check that `directory` holds the results of `tasks`, and of no others."""
    if not directory.is_dir():
        raise UserError(f"{directory}: is no directory; `dvc repro` makes it")
    found = {path.name.removesuffix(".parquet") for path in directory.iterdir() if path.name[0] != "."}
    for task in sorted(found - set(tasks)):
        raise UserError(f"{directory}: holds results of {task}, which envs in params.yaml lacks: remove them")
    for task in sorted(set(tasks) - found):
        raise UserError(f"{directory}: lacks results of {task}; `dvc repro` makes them")


def summarise(task: str, data: Path, params: Path, paper: PaperResults) -> TaskResult:
    """Gather one task's results."""
    trajs = {
        "bc": load_section(params, Bc, "bc", task).trajs,
        "gail": load_section(params, Gail, "gail", task).trajs,
    }
    return task_result(
        task,
        read_table(data / "evaluations" / f"{task}.parquet", SCHEMA),
        mean_return(data / "demonstrations" / f"{task}.parquet"),
        trajs,
        {learner: paper.score(task, learner, count) for learner, count in trajs.items()},
    )


if __name__ == "__main__":
    parser = stage_parser("report", __doc__)
    parser.add_argument("--data", type=Path, required=True, help="holds what the other stages made")
    parser.add_argument("--paper", type=Path, required=True, help="holds the paper's own results, as CSV")
    run(main, parser)
