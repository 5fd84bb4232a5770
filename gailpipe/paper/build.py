"""The whole report of the paper's pipeline: the page, its figures, and a row for each policy."""

from pathlib import Path
from typing import Any

import polars as pl

from gailpipe.evaluation.scores import normalized
from gailpipe.foundation.files import write_file
from gailpipe.foundation.tables import read_table
from gailpipe.paper.figures import cloning_figure, entropy_figure, learning_figure, scores_figure
from gailpipe.paper.page import page
from gailpipe.paper.results import CELLS, STARTS, gather, studied_for_entropy, subsampled, without_entropy
from gailpipe.params.base import load_section, read_params
from gailpipe.params.report import Report
from gailpipe.report.cells import read_bytes
from gailpipe.report.learning import smooth
from gailpipe.report.pages import find_films, write_pages
from gailpipe.report.paper import PaperResults
from gailpipe.report.style import apply_style, save_svg


def build_paper_report(params: Path, data: Path, original_directory: Path, discussion: Path, out: Path) -> None:
    """Write the pages, figures, films and results.csv into `out`, from what the paper's pipeline made in `data`."""
    settings = load_section(params, Report, "report")
    original = PaperResults(original_directory)
    ours = gather(params, data, original.names)
    sampled = subsampled(ours)
    ours_plain, original_plain = without_entropy(sampled), without_entropy(original.policies)
    entropy = studied_for_entropy(sampled, sampled)
    curves = learning_curves(params, data, ours_plain, settings.smoothing)
    apply_style()
    figures = {
        "normalized": scores_figure(ours_plain, original_plain, "normalized", "normalised score"),
        "returns": scores_figure(ours_plain, original_plain, "mean_return", "return"),
        "learning": learning_figure(curves.filter(algorithm="gail")),
    }
    if "gail-bc" in curves["algorithm"]:
        figures["cloning"] = cloning_figure(curves)
    if len(entropy):
        figures["entropy"] = entropy_figure(entropy, studied_for_entropy(original.policies, sampled))
    for name, figure in figures.items():
        save_svg(figure, out / "figures" / f"{name}.svg")
    films = find_films(data / "films", read_params(params)["filmed_sets"])
    text = page(ours, original.policies, read_bytes(discussion).decode(), [film.markdown() for film in films])
    write_pages(out, text, films)
    write_file(out / "results.csv", ours.write_csv(float_precision=4).encode())


def learning_curves(params: Path, data: Path, policies: pl.DataFrame, smoothing: float) -> pl.DataFrame:
    """Return GAIL's learning curves, from both kinds of start, on all subsampled demonstrations, normalised and smooth.

    Args:
        params: The paper's params.yaml.
        data: What its pipeline made.
        policies: `gather`'s rows, for the scale.
        smoothing: Share of a run's iterations that a point averages over.
    """
    document = read_params(params)
    return pl.concat(
        _curves_of_set(data / algorithm / name / "learning.parquet", algorithm, one, policies, smoothing)
        for cells in CELLS
        for algorithm in cells.learners
        for name, one in document[cells.sets].items()
        if algorithm in STARTS and one["demonstrations"] == one["env"]
    )


def _curves_of_set(
    file: Path, algorithm: str, one: dict[str, Any], policies: pl.DataFrame, smoothing: float
) -> pl.DataFrame:
    of_set = policies.filter(environment=one["env"], trajectories=one["trajs"], algorithm=algorithm)
    random_return, expert_return = of_set["random_return"][0], of_set["expert_return"][0]
    curves = smooth(read_table(file, ("seed", "env_steps", "return")), smoothing).drop_nulls("return")
    return curves.select(
        "seed",
        "million_steps",
        environment=pl.lit(one["env"]),
        trajectories=pl.lit(one["trajs"]),
        algorithm=pl.lit(algorithm),
        normalized=normalized(pl.col("return"), random_return, expert_return),
    )
