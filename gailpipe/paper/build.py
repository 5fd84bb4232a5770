"""The whole report of the paper's pipeline: the page, its figures, and a row for each policy."""

from pathlib import Path

import polars as pl

from gailpipe.evaluation.scores import normalized
from gailpipe.foundation.files import write_file
from gailpipe.foundation.tables import read_table
from gailpipe.paper.figures import entropy_figure, learning_figure, scores_figure
from gailpipe.paper.page import page, without_entropy
from gailpipe.paper.results import COLUMNS, gather
from gailpipe.params.base import load_section, read_params
from gailpipe.params.report import Report
from gailpipe.report.paper import PaperResults
from gailpipe.report.style import apply_style, save_svg


def build_paper_report(params: Path, data: Path, original_directory: Path, discussion: Path, out: Path) -> None:
    """Write README.md, figures and results.csv into `out`, from what the paper's pipeline made in `data`."""
    settings = load_section(params, Report, "report")
    original = PaperResults(original_directory)
    ours = gather(params, data, original.names)
    subsampled = without_entropy(ours).filter(pl.col("demonstrations") == pl.col("environment"))
    curves = _learning_curves(params, data, subsampled)
    apply_style()
    plain = without_entropy(original.policies)
    save_svg(scores_figure(subsampled, plain, "normalized", "normalised score"), out / "figures" / "normalized.svg")
    save_svg(scores_figure(subsampled, plain, "mean_return", "return"), out / "figures" / "returns.svg")
    studied = ours.filter(pl.col("entropy_coefficient") > 0)["environment"].unique().implode()
    of_gail = pl.col("environment").is_in(studied) & (pl.col("algorithm") == "gail")
    figure = entropy_figure(ours.filter(of_gail), original.policies.filter(of_gail))
    save_svg(figure, out / "figures" / "entropy.svg")
    save_svg(learning_figure(curves, settings.smoothing), out / "figures" / "learning.svg")
    write_file(out / "README.md", page(ours, original.policies, discussion.read_text()).encode())
    write_file(out / "results.csv", ours.select(COLUMNS).write_csv(float_precision=4).encode())


def _learning_curves(params: Path, data: Path, policies: pl.DataFrame) -> pl.DataFrame:
    """Return the learning curves of GAIL on all subsampled demonstrations, with returns normalised."""
    tables = []
    for name, one in read_params(params)["sets"].items():
        of_set = policies.filter(environment=one["env"], trajectories=one["trajs"], algorithm="gail")
        if len(of_set) and one["demonstrations"] == one["env"]:
            curves = read_table(data / "gail" / name / "learning.parquet", ("seed", "env_steps", "return"))
            random_return, expert_return = of_set["random_return"][0], of_set["expert_return"][0]
            tables.append(
                curves.select(
                    "seed",
                    "env_steps",
                    environment=pl.lit(one["env"]),
                    trajectories=pl.lit(one["trajs"]),
                    normalized=normalized(pl.col("return"), random_return, expert_return),
                )
            )
    return pl.concat(tables)
