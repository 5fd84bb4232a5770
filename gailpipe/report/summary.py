"""How the headline's learner compares with the paper's, the baseline, and whom it learns from, over all cells."""

from collections.abc import Sequence

import numpy as np
import polars as pl

from gailpipe.algorithms.catalogue import BASELINE, HEADLINE, LEARNERS, UNREGULARIZED
from gailpipe.evaluation.scores import TEST_LEVEL, differ, interquartile_mean, normalized
from gailpipe.grid.policies import CELL, Compared

LEVEL = 0.01  # scores that differ by less are hardly different
NAME, BASELINE_NAME = LEARNERS[HEADLINE].label, LEARNERS[BASELINE].label


def summary(policies: Compared) -> str:
    """Return, as a list in Markdown, how the headline's learner compares with others on `Grid.sampled`.

    Cells without a scale count nowhere.
    """
    policies = Compared(*(either.drop_nulls("normalized") for either in policies))
    own, baseline, their_own, their_baseline = (
        either.filter(algorithm=algorithm) for either in policies for algorithm in (HEADLINE, BASELINE)
    )
    if not len(own):
        return "- Nothing has a score: no demonstrations are better than the random policy beyond sampling error."
    to_theirs, to_baseline, baselines = (
        _compare(one, other) for one, other in ((own, their_own), (own, baseline), (baseline, their_baseline))
    )
    lines = [_headline(own)]
    if len(to_theirs):
        median = np.median((to_theirs["one"] - to_theirs["other"]).to_numpy())
        lines += [
            f"On the paper's own scale, whose 1 is what the expert's stochastic trajectories make, {NAME}'s plain mean "
            f"over {len(to_theirs)} demonstration sets is {_mean(to_theirs['one'])}; the paper's is "
            f"{_mean(to_theirs['other'])}.{_leaning(to_theirs)} The median of the differences is {median:+.3f}.",
            f"To three digits {NAME} is at or above the paper's in {_verdict(to_theirs)}.",
            _differences(own, their_own),
        ]
    if len(to_baseline):
        lines.append(f"To three digits {NAME} is at or above {BASELINE_NAME} in {_verdict(to_baseline)}.")
    if len(baselines):
        means = f"{_mean(baselines['one'])}, the paper's {_mean(baselines['other'])}"
        lines.append(f"{BASELINE_NAME}'s mean score is {means}.")
    regularized = _compare(baseline, policies.ours.filter(algorithm=UNREGULARIZED))
    if len(regularized):
        lines.append(_regularization(regularized))
    return "\n".join(f"- {line}" for line in lines)


def _headline(own: pl.DataFrame) -> str:
    """Return the interquartile means on the scale whose 1 is the expert acting in the same way.

    Where there is no expert it is what the demonstrations return.
    """
    shown, left_out, cells = list[str](), 0, own.n_unique(CELL)
    for made, expert in (
        ("mean_return", "expert_deterministic_return"),
        ("stochastic_return", "expert_stochastic_return"),
    ):
        one = pl.coalesce(expert, "expert_return")
        scaled = own.filter(one > pl.col("random_return"))
        same_mode = normalized(pl.col(made), pl.col("random_return"), one)
        runs = scaled.group_by(CELL, maintain_order=True).agg(score=same_mode)["score"].to_list()
        left_out += cells - len(runs)
        if not runs:
            shown.append("unknown")
            continue
        mean, low, high = interquartile_mean(runs)
        shown.append(f"**{mean:.3f}** ({low:.3f} … {high:.3f})")
    single = sum(count == 1 for count in own.group_by(CELL).len()["len"])
    lacking = f", to which the {single} sets of one run add nothing" if single else ""
    some_lack_it = own["expert_stochastic_return"].null_count() > 0
    recorded = ", or, where there is no expert, what was demonstrated" if some_lack_it else ""
    without = " Sets on which the expert makes no more than the random policy are left out." if left_out else ""
    return (
        f"{NAME}'s interquartile mean score over {cells} demonstration sets is {shown[0]} for deterministic policies, "
        f"and {shown[1]} for stochastic ones, on the scale whose 1 is what the expert makes when it acts in "
        f"the same way from the same initial states{recorded}. In brackets are 95 % intervals by a stratified "
        f"bootstrap over runs{lacking}.{without}"
    )


def _leaning(scores: pl.DataFrame) -> str:
    """Return which set adds most to the difference of the two means, and what share of it, if it is a share."""
    differences = (scores["one"] - scores["other"]).to_numpy()
    shares = differences / (differences.sum() or 1.0)
    if not 0 < shares.max() <= 1:  # beyond it others make up for what this one adds
        return ""
    environment, size = scores.select(CELL).row(int(shares.argmax()))
    return f" {100 * shares.max():.0f} % of their difference is {environment} from {size}."


def _compare(one: pl.DataFrame, other: pl.DataFrame) -> pl.DataFrame:
    """Return both mean scores, `one` and `other`, on each demonstration set that both have."""
    mine, others = (
        policies.group_by(CELL, maintain_order=True).agg(pl.col("normalized").mean().alias(name))
        for policies, name in ((one, "one"), (other, "other"))
    )
    return mine.join(others, on=CELL, maintain_order="left")


def _verdict(scores: pl.DataFrame) -> str:
    """Return in how many sets `one` is not below the `other`, to three digits, and where it is."""
    ahead = (pl.col("one").round(3) - pl.col("other").round(3)).round(3)
    below = scores.filter(ahead < 0)
    where = [
        (environment, f"{size} ({one:.3f} against {other:.3f})")
        for environment, size, one, other in below.select(*CELL, "one", "other").iter_rows()
    ]
    level = len(scores.filter(ahead >= 0, ahead < LEVEL))
    return (
        f"{len(scores) - len(below)} of {len(scores)}, by less than {LEVEL} in {level} of these"
        f"{f'; not on {_listed(where)}' if where else ''}"
    )


def _regularization(scores: pl.DataFrame) -> str:
    """Return what regularisation does to the baseline: its mean scores with it, `one`, and without it, `other`."""
    means = [
        (environment, f"{size} ({other:.3f} to {one:.3f})")
        for environment, size, one, other in scores.select(*CELL, "one", "other").iter_rows()
    ]
    return (
        f"Regularisation takes {BASELINE_NAME}'s mean score from {_mean(scores['other'])} to "
        f"{_mean(scores['one'])}: on {_listed(means)}."
    )


def _differences(ours: pl.DataFrame, theirs: pl.DataFrame) -> str:
    """Return in how many sets the paper's mean differs from ours beyond the spread of runs, and in which direction."""
    found: dict[str, list[tuple[str, str]]] = {"level": [], "below": [], "above": []}
    by_prediction = 0
    for (environment, size), runs in ours.group_by(CELL, maintain_order=True):
        papers = theirs.filter(environment=environment, trajectories=size)["normalized"].to_list()
        differs = differ(runs["normalized"].to_list(), papers) if papers else None
        if differs is None:
            continue
        by_prediction += len(papers) == 1
        ahead = float(np.mean(papers)) > float(runs["normalized"].to_numpy().mean())
        place = ("above" if ahead else "below") if differs else "level"
        found[place].append((str(environment), str(size)))
    level, below, above = found.values()
    tested = len(level) + len(below) + len(above)
    return (
        f"In {tested} of these sets runs have spread, so that a difference can be tested. The paper's mean does not "
        f"differ from ours in {len(level)}, is below it in {len(below)}, and above it in {len(above)}"
        f"{f' ({_listed(above)})' if above else ''}: by Welch's test (p < {TEST_LEVEL}) where the paper has several "
        f"runs, by the 95 % prediction interval of a further run of ours where it has one ({by_prediction} sets)."
    )


def _listed(sets: Sequence[tuple[str, str]]) -> str:
    """Return A from 1, 4; B from 1, of environments and sizes in their order."""
    sizes: dict[str, list[str]] = {}
    for environment, size in sets:
        sizes.setdefault(environment, []).append(size)
    return "; ".join(f"{environment} from {', '.join(of_environment)}" for environment, of_environment in sizes.items())


def _mean(values: pl.Series) -> str:
    return f"{values.to_numpy().mean():.3f}"
