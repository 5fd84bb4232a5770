"""The whole report of a pipeline: pages, figures and films, and as data what they show."""

import json
from pathlib import Path

from gailpipe.algorithms.catalogue import OFF_POLICY
from gailpipe.foundation.errors import UserError
from gailpipe.foundation.files import write_file
from gailpipe.foundation.params import load_envs, load_section, read_params
from gailpipe.grid.cells import episodes_of, read_evaluations, require_cells
from gailpipe.grid.curves import learning_curves, mean_curves
from gailpipe.grid.original import OriginalResults
from gailpipe.grid.policies import gather, mean_scores, metrics, split
from gailpipe.grid.sets import has_sets, load_sets
from gailpipe.report.episode_figures import occupancy_figure, returns_figure
from gailpipe.report.films import films_markdown, find_films
from gailpipe.report.interaction_figure import interactions_figure
from gailpipe.report.learning_figures import learning_figures
from gailpipe.report.page import INTRODUCTION, Results, pages
from gailpipe.report.score_figures import score_figures
from gailpipe.report.settings import Report
from gailpipe.report.style import apply_style, save_svg
from gailpipe.report.web import read_bytes, web_page


def build_report(params: Path, data: Path, original_directory: Path, introduction: Path | None, out: Path) -> None:
    """Write both pages in Markdown and in HTML, figures, films, results.csv, metrics.json, and what DVC plots.

    Args:
        params: The pipeline's params.yaml.
        data: What its other stages made.
        original_directory: Holds the paper's own results.
        introduction: Markdown to begin with, in place of `page.INTRODUCTION`.
        out: Where all of it is put, and nothing else is kept.
    """
    settings, original = load_section(params, Report, "report"), OriginalResults(original_directory)
    results = data / "results"
    evaluations = read_evaluations(params, results)
    envs = load_envs(params)
    ours = gather(params, data, evaluations, original.names)
    grid = split(ours, original.policies, has_sets=has_sets(params))
    curves = learning_curves(params, data, ours, settings.smoothing)
    films = find_films(results, load_sets(params, "filmed_sets") if grid.has_sets else envs)
    occupancy = "occupancy" in read_params(params)
    apply_style()
    figures = score_figures(grid) | learning_figures(grid, curves)
    interactions = interactions_figure(grid, curves, original.interactions) if OFF_POLICY in grid.learners else None
    if interactions:
        figures["interactions"] = interactions
    text = _read_text(introduction) if introduction else INTRODUCTION
    shown = films_markdown(films), occupancy, interactions is not None, text
    written = pages(Results(grid, curves, settings.smoothing, *shown))
    if not grid.has_sets:
        figures["returns"] = returns_figure(grid, {env: episodes_of(evaluations, env) for env in envs})
    if occupancy:
        require_cells(results / "occupancy", envs)
        figures["occupancy"] = occupancy_figure(grid, {env: results / "occupancy" / env for env in envs})
    for name, figure in figures.items():
        save_svg(figure, out / "figures" / f"{name}.svg")
    tables = {"results": ours}
    if not grid.has_sets:
        tables |= {"scores": mean_scores(ours), "learning": mean_curves(curves)}
    for name, table in tables.items():
        write_file(out / f"{name}.csv", table.write_csv(float_precision=4).encode())
    entries = metrics(ours, has_sets=grid.has_sets)
    write_file(out / "metrics.json", f"{json.dumps(entries, indent=2)}\n".encode())
    write_file(out / "README.md", written.short.encode())
    write_file(out / "details.md", written.details.encode())
    for film in films:
        write_file(out / film.address, read_bytes(film.source))
    whole_films = {film.address: film.directory / "film.mp4" for film in films if film.exists}
    write_file(out / "index.html", web_page(written.whole, out, whole_films).encode())


def _read_text(path: Path) -> str:
    try:
        return read_bytes(path).decode().strip()
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: is not UTF-8: {error}") from error
