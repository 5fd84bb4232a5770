"""The figures and the metrics of all tasks, and what DVC plots of them."""

import json
from pathlib import Path

from gailpipe.foundation.files import write_file
from gailpipe.foundation.params import load_section
from gailpipe.foundation.tables import read_table
from gailpipe.report.cells import require_cells
from gailpipe.report.gather import gather_results, load_evaluation
from gailpipe.report.learning import CURVES, learning_figure, learning_table, smooth
from gailpipe.report.occupancy import TaskVisits, occupancy_figure
from gailpipe.report.results import scores_table
from gailpipe.report.returns import returns_figure
from gailpipe.report.scores import scores_figure
from gailpipe.report.settings import Report
from gailpipe.report.style import apply_style, save_svg


def build_report(params: Path, data: Path, original_directory: Path, out: Path) -> None:
    """Write figures, metrics.json and what DVC plots into `out`, from what the other stages made in `data`."""
    settings = load_section(params, Report, "report")
    results = gather_results(params, data, original_directory)
    tasks = [result.task for result in results]
    for directory in ("gail", "visits"):
        require_cells(data / directory, tasks)
    curves = {
        task: smooth(read_table(data / "gail" / task / "learning.parquet", CURVES), settings.smoothing)
        for task in tasks
    }
    visits = {task: _visits(data / "visits" / task) for task in tasks}
    evaluations = {task: load_evaluation(data, task) for task in tasks}
    apply_style()
    figures = {
        "scores": scores_figure(results),
        "returns": returns_figure(results, evaluations),
        "occupancy": occupancy_figure(visits),
        "learning": learning_figure(results, curves),
    }
    for name, figure in figures.items():
        save_svg(figure, out / "figures" / f"{name}.svg")
    write_file(out / "scores.csv", scores_table(results).write_csv(float_precision=4).encode())
    write_file(out / "learning.csv", learning_table(curves).write_csv(float_precision=4).encode())
    metrics = {result.task: result.metrics() for result in results}
    write_file(out / "metrics.json", f"{json.dumps(metrics, indent=2)}\n".encode())


def _visits(directory: Path) -> TaskVisits:
    return TaskVisits(
        read_table(directory / "states.parquet", ("policy", "x", "y")),
        read_table(directory / "distances.parquet", ("policy", "inhomogeneity")),
        read_table(directory / "judged.parquet", ("x", "y", "logit")),
    )
