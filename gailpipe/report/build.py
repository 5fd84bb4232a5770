"""The figures, the metrics and the page of all tasks."""

import json
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import polars as pl

from gailpipe.foundation.files import write_file
from gailpipe.foundation.tables import read_table
from gailpipe.params.base import load_section
from gailpipe.params.report import Report
from gailpipe.report.cells import require_cells
from gailpipe.report.gather import gather_results, load_evaluation
from gailpipe.report.learning import CURVES, learning_figure, smooth
from gailpipe.report.occupancy import TaskVisits, occupancy_figure
from gailpipe.report.page import page
from gailpipe.report.results import TaskResult
from gailpipe.report.returns import returns_figure
from gailpipe.report.scores import scores_figure
from gailpipe.report.style import LABELS, apply_style, save_svg
from gailpipe.report.web import write_pages


def build_report(params: Path, data: Path, paper_results: Path, out: Path) -> None:
    """Write figures, metrics.json and what DVC plots into `out`, from what the other stages made in `data`."""
    settings = load_section(params, Report, "report")
    results = gather_results(params, data, paper_results)
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
    write_file(out / "scores.csv", _scores(results).write_csv(float_precision=4).encode())
    write_file(out / "learning.csv", _learning(curves).write_csv(float_precision=4).encode())
    metrics = {result.task: result.metrics() for result in results}
    write_file(out / "metrics.json", f"{json.dumps(metrics, indent=2)}\n".encode())


def build_page(params: Path, data: Path, paper_results: Path, out: Path) -> None:
    """Write README.md, its films, and both as index.html into `out`, where the figures are."""
    results = gather_results(params, data, paper_results)
    write_pages(out, data / "films", [result.task for result in results], partial(page, results))


def _visits(directory: Path) -> TaskVisits:
    return TaskVisits(
        read_table(directory / "states.parquet", ("policy", "x", "y")),
        read_table(directory / "distances.parquet", ("policy", "inhomogeneity")),
        read_table(directory / "judged.parquet", ("x", "y", "logit")),
    )


def _scores(results: Sequence[TaskResult]) -> pl.DataFrame:
    """Return the mean normalised score of each learner on each task."""
    rows = [
        (f"{LABELS[name]} on {result.task}", learner.normalized and learner.normalized.value)
        for result in results
        for name, learner in result.learners.items()
    ]
    return pl.DataFrame(rows, schema={"learner": pl.String, "normalized": pl.Float64}, orient="row")


def _learning(curves: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Return the mean return over seeds while GAIL trains, of all tasks."""
    means = [
        of_task.group_by("million_steps", maintain_order=True)
        .agg(pl.col("return").mean())
        .select(pl.lit(task).alias("task"), "million_steps", "return")
        for task, of_task in curves.items()
    ]
    return pl.concat(means).drop_nulls("return")
