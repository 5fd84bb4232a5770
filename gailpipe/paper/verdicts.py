"""How GAIL compares with the paper's, with BC, and with its expert, over all demonstration sets."""

import numpy as np
import polars as pl

from gailpipe.evaluation.scores import normalized
from gailpipe.paper.results import SET_KEYS, Compared

LEVEL = 0.01  # scores that differ by less are hardly different


def verdicts(policies: Compared) -> str:
    """Return, as a list in Markdown, how GAIL from a random policy compares with others on `Grid.subsampled`."""
    gail, bc, their_gail, their_bc = (
        either.filter(algorithm=algorithm) for either in policies for algorithm in ("gail", "bc")
    )
    to_theirs, to_bc, bc_to_theirs = _compare(gail, their_gail), _compare(gail, bc), _compare(bc, their_bc)
    lines = []
    if len(to_theirs):
        median = np.median((to_theirs["one"] - to_theirs["other"]).to_numpy())
        lines = [
            f"GAIL's mean normalised score over {len(to_theirs)} demonstration sets is **{_mean(to_theirs['one'])}**; "
            f"the paper's is {_mean(to_theirs['other'])}. The median of the differences is {median:+.3f}.",
            f"To three digits GAIL is at or above the paper's in {_verdict(to_theirs)}.",
        ]
    lines.append(f"To three digits GAIL is at or above BC in {_verdict(to_bc)}.")
    if len(bc_to_theirs):
        lines.append(f"BC's mean score is {_mean(bc_to_theirs['one'])}, the paper's {_mean(bc_to_theirs['other'])}.")
    deterministic, stochastic = (
        _mean(_scores(gail, normalized(pl.col(made), pl.col("random_return"), pl.col(expert)))["score"])
        for made, expert in (
            ("mean_return", "expert_deterministic_return"),
            ("stochastic_return", "expert_stochastic_return"),
        )
    )
    lines.append(
        "The 1 of this scale is what the expert's stochastic trajectories make, as in the paper. On a scale whose 1 is "
        "what the expert makes when it acts in the same way from the same initial states, GAIL's mean is "
        f"{deterministic} for deterministic policies, and {stochastic} for stochastic ones."
    )
    return "\n".join(f"- {line}" for line in lines)


def _scores(policies: pl.DataFrame, score: pl.Expr) -> pl.DataFrame:
    """Return the mean score on each demonstration set."""
    return policies.group_by(SET_KEYS, maintain_order=True).agg(score=score.mean())


def _compare(one: pl.DataFrame, other: pl.DataFrame) -> pl.DataFrame:
    """Return both mean scores, `one` and `other`, on each demonstration set that both have."""
    mine, others = (
        _scores(policies, pl.col("normalized")).rename({"score": name})
        for policies, name in ((one, "one"), (other, "other"))
    )
    return mine.join(others, on=SET_KEYS, maintain_order="left")


def _verdict(scores: pl.DataFrame) -> str:
    """Return in how many sets `one` is not below the `other`, to three digits, and where it is."""
    ahead = (pl.col("one").round(3) - pl.col("other").round(3)).round(3)
    below = scores.filter(ahead < 0)
    where = [
        f"{environment} from "
        + ", ".join(f"{size} ({one:.3f} against {other:.3f})" for _, size, one, other in of_environment.iter_rows())
        for (environment,), of_environment in below.group_by("environment", maintain_order=True)
    ]
    level = len(scores.filter(ahead >= 0, ahead < LEVEL))
    return (
        f"{len(scores) - len(below)} of {len(scores)}, by less than {LEVEL} in {level} of these"
        f"{'; not on ' if where else ''}{'; '.join(where)}"
    )


def _mean(values: pl.Series) -> str:
    return f"{values.to_numpy().mean():.3f}"
