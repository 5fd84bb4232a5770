"""How GAIL compares with the paper's, with BC, and with its expert, over all demonstration sets."""

import numpy as np
import polars as pl

from gailpipe.evaluation.scores import normalized
from gailpipe.paper.results import SET_KEYS, Compared

LEVEL = 0.01  # scores that differ by less are hardly different


def verdicts(policies: Compared) -> str:
    """Return, as a list in Markdown, how GAIL from a random policy compares with others on `Grid.subsampled`."""
    gail, bc = (policies.ours.filter(algorithm=algorithm) for algorithm in ("gail", "bc"))
    to_paper, to_bc = _compare(gail, policies.original.filter(algorithm="gail")), _compare(gail, bc)
    lines = []
    if len(to_paper):
        median = np.median((to_paper["gail"] - to_paper["other"]).to_numpy())
        lines = [
            f"GAIL's mean normalised score over {len(to_paper)} demonstration sets is **{_mean(to_paper['gail'])}**; "
            f"the paper's is {_mean(to_paper['other'])}. The median of the differences is {median:+.3f}.",
            f"It is at or above the paper's in {_verdict(to_paper)}.",
        ]
    deterministic, stochastic = (
        _mean(_of_sets(gail, "gail", normalized(pl.col(made), pl.col("random_return"), pl.col(expert)))["gail"])
        for made, expert in (
            ("mean_return", "expert_deterministic_return"),
            ("stochastic_return", "expert_stochastic_return"),
        )
    )
    lines += [
        f"It is at or above BC in {_verdict(to_bc)}. BC's mean score is {_mean(to_bc['other'])}.",
        "The 1 of this scale is what the expert's stochastic trajectories make, as in the paper. On a scale whose 1 is "
        "what the expert makes when it acts in the same way from the same initial states, GAIL's mean is "
        f"{deterministic} for deterministic policies, and {stochastic} for stochastic ones.",
    ]
    return "\n".join(f"- {line}" for line in lines)


def _of_sets(policies: pl.DataFrame, name: str, score: pl.Expr) -> pl.DataFrame:
    """Return the mean score on each demonstration set, in a column `name`."""
    return policies.group_by(SET_KEYS, maintain_order=True).agg(score.mean().alias(name))


def _compare(gail: pl.DataFrame, other: pl.DataFrame) -> pl.DataFrame:
    """Return both mean scores on each demonstration set that both have."""
    one, another = (
        _of_sets(policies, name, pl.col("normalized")) for policies, name in ((gail, "gail"), (other, "other"))
    )
    return one.join(another, on=SET_KEYS, maintain_order="left")


def _verdict(cells: pl.DataFrame) -> str:
    """Return in how many sets GAIL is not below, to three digits, and where it is."""
    ahead = pl.col("gail").round(3) - pl.col("other").round(3)
    below = cells.filter(ahead < 0)
    where = [
        f"{environment} from "
        + ", ".join(f"{size} ({gail:.3f} against {other:.3f})" for _, size, gail, other in of_environment.iter_rows())
        for (environment,), of_environment in below.group_by("environment", maintain_order=True)
    ]
    level = len(cells.filter(ahead >= 0, ahead < LEVEL))
    return (
        f"{len(cells) - len(below)} of {len(cells)}, by less than {LEVEL} in {level} of these"
        f"{'; not on ' if where else ''}{'; '.join(where)}"
    )


def _mean(values: pl.Series) -> str:
    return f"{values.to_numpy().mean():.3f}"
