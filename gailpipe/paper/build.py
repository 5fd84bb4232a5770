"""The whole report of the paper's pipeline: the page, its figures, and a row for each policy."""

from pathlib import Path

from gailpipe.foundation.errors import UserError
from gailpipe.foundation.files import write_file
from gailpipe.foundation.params import load_section
from gailpipe.grid.sets import load_sets
from gailpipe.paper.curves import learning_curves
from gailpipe.paper.figures import entropy_figure, scores_figure
from gailpipe.paper.learning_figures import cloning_figure, learning_figure
from gailpipe.paper.page import page
from gailpipe.paper.results import gather, split
from gailpipe.report.cells import read_bytes
from gailpipe.report.files import find_films, write_pages
from gailpipe.report.original import OriginalResults
from gailpipe.report.settings import Report
from gailpipe.report.style import apply_style, save_svg


def build_paper_report(
    params: Path, data: Path, original_directory: Path, findings: Path, discussion: Path, out: Path
) -> None:
    """Write the pages, figures, films and results.csv into `out`, from what the paper's pipeline made in `data`."""
    settings = load_section(params, Report, "report")
    original = OriginalResults(original_directory)
    ours = gather(params, data, original.names)
    grid = split(ours, original.policies)
    curves = learning_curves(params, data, ours, settings.smoothing)
    apply_style()
    figures = {
        "normalized": scores_figure(grid.sampled, "normalized", "normalised score"),
        "returns": scores_figure(grid.sampled, "mean_return", "return"),
        "learning": learning_figure(curves, grid.plain),
    }
    if "gail-bc" in curves["algorithm"]:
        figures["cloning"] = cloning_figure(curves, grid.plain)
    if len(grid.entropy.ours):
        figures["entropy"] = entropy_figure(grid.entropy)
    for name, figure in figures.items():
        save_svg(figure, out / "figures" / f"{name}.svg")
    films = find_films(data / "films", load_sets(params, "filmed_sets"))
    text = page(
        grid,
        curves,
        [film.markdown() for film in films],
        settings.smoothing,
        findings=_read_markdown(findings),
        discussion=_read_markdown(discussion),
    )
    write_pages(out, text, films)
    write_file(out / "results.csv", ours.write_csv(float_precision=4).encode())


def _read_markdown(path: Path) -> str:
    try:
        return read_bytes(path).decode().strip()
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: is not UTF-8: {error}") from error
