"""How GAIL compares with the paper's, and with BC, over all demonstration sets."""

from math import nan

import polars as pl


def verdicts(ours: pl.DataFrame, original: pl.DataFrame) -> str:
    """Return, as a list in Markdown, how GAIL from a random policy compares with the paper's, and with BC."""
    gail = ours.filter(algorithm="gail")
    to_paper, to_bc = _compare(gail, original.filter(algorithm="gail")), _compare(gail, ours.filter(algorithm="bc"))
    return "\n".join(
        [
            f"- GAIL's mean normalised score over {len(to_paper)} demonstration sets is "
            f"**{_mean(to_paper['gail']):.3f}**; the paper's is {_mean(to_paper['other']):.3f}. The median of the "
            f"differences is {_median(to_paper['gail'] - to_paper['other']):+.3f}.",
            f"- It is at or above the paper's in {_verdict(to_paper)}.",
            f"- It is at or above BC in {_verdict(to_bc)}. BC's mean score is {_mean(to_bc['other']):.3f}.",
        ]
    )


def _compare(gail: pl.DataFrame, other: pl.DataFrame) -> pl.DataFrame:
    """Return both mean scores on each demonstration set that both have."""
    keys, mean = ["environment", "trajectories"], pl.col("normalized").mean()
    cells = gail.group_by(keys, maintain_order=True).agg(gail=mean)
    return cells.join(other.group_by(keys).agg(other=mean), on=keys, maintain_order="left")


def _verdict(cells: pl.DataFrame) -> str:
    """Return in how many sets GAIL is not below, to three digits, and where it is."""
    shown = cells.with_columns(pl.col("gail", "other").round(3))
    below = [
        f"{row['environment']} from {row['trajectories']} ({row['gail']:.3f} against {row['other']:.3f})"
        for row in shown.filter(pl.col("gail") < pl.col("other")).iter_rows(named=True)
    ]
    return f"{len(cells) - len(below)} of {len(cells)}{', not on ' if below else ''}{', '.join(below)}"


def _mean(values: pl.Series) -> float:
    mean = values.mean()
    return mean if isinstance(mean, float) else nan


def _median(values: pl.Series) -> float:
    median = values.median()
    return median if isinstance(median, float) else nan
