"""The whole report: the page, its figures and the metrics of all tasks."""

import json
from pathlib import Path

from gailpipe.evaluation.returns import SCHEMA
from gailpipe.foundation.files import write_file
from gailpipe.foundation.tables import read_table
from gailpipe.imitation.trajectories import mean_return
from gailpipe.params.base import load_section, load_tasks
from gailpipe.params.cloning import Bc
from gailpipe.params.gail import Gail
from gailpipe.params.report import Report
from gailpipe.report.cells import require_cells
from gailpipe.report.figures import learning_figure, scores_figure
from gailpipe.report.occupancy import TaskVisits, occupancy_figure
from gailpipe.report.page import page
from gailpipe.report.paper import PaperResults
from gailpipe.report.results import TaskResult, task_result
from gailpipe.report.style import apply_style, save_svg

CURVES = ("seed", "env_steps", "return", "expert_accuracy", "policy_accuracy")


def build_report(params: Path, data: Path, films: Path, paper_results: Path, out: Path) -> None:
    """Write README.md, figures and metrics.json into `out`, from what the other stages made in `data` and `films`."""
    settings = load_section(params, Report, "report")
    tasks = load_tasks(params)
    for directory in ("demonstrations", "evaluations", "gail", "visits"):
        require_cells(data / directory, tasks)
    require_cells(films, tasks)
    paper = PaperResults(paper_results)
    results = [summarise(task, data, params, paper) for task in tasks]
    curves = {task: read_table(data / "gail" / task / "learning.parquet", CURVES) for task in tasks}
    apply_style()
    save_svg(scores_figure(results), out / "figures" / "scores.svg")
    visits = {task: _visits(data / "visits" / task) for task in tasks}
    save_svg(occupancy_figure(visits), out / "figures" / "occupancy.svg")
    save_svg(learning_figure(results, curves, settings.smoothing), out / "figures" / "learning.svg")
    filmed = [task for task in tasks if (films / task / "preview.webp").exists()]
    write_file(out / "README.md", page(results, filmed).encode())
    metrics = {result.task: result.metrics() for result in results}
    write_file(out / "metrics.json", f"{json.dumps(metrics, indent=2)}\n".encode())


def _visits(directory: Path) -> TaskVisits:
    return TaskVisits(
        read_table(directory / "states.parquet", ("policy", "x", "y")),
        read_table(directory / "distances.parquet", ("policy", "inhomogeneity")),
        read_table(directory / "judged.parquet", ("x", "y", "logit")),
    )


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
