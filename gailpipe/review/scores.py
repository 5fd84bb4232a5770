"""Whether a change made scores better or worse: Welch's test on what the seeds made."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import isclose, sqrt
from typing import Any

from scipy import stats

from gailpipe.grid.scores import TEST_LEVEL, Score, normalized

DIGITS = 3  # of scores in the comment; what moves less is the same, for results.csv rounds, and so does a new scale


@dataclass(frozen=True)
class Change:
    """A learner's score on an environment, before and after, both on the scale of after; None where it has none."""

    environment: str
    learner: str
    before: Score | None
    after: Score | None

    @property
    def p_value(self) -> float | None:
        """Of Welch's test that both means are the same; None where it can't be had."""
        if self.before is None or self.after is None or None in (self.before.ci95, self.after.ci95):
            return None
        spread = _std(self.before), _std(self.after)
        if spread == (0.0, 0.0):  # what the seeds tell of a mean's error is nothing then, and not that there is none
            return None
        return float(
            stats.ttest_ind_from_stats(
                self.before.value, spread[0], self.before.seeds, self.after.value, spread[1], self.after.seeds, False
            ).pvalue
        )

    @property
    def verdict(self) -> str:
        if self.before is None or self.after is None:
            return "new" if self.before is None else "gone"
        if _same(self.before, self.after):
            return "same"
        if None in (self.before.ci95, self.after.ci95):
            return "one seed tells nothing"
        if self.p_value is None:
            return "no spread, no test"
        if self.p_value >= TEST_LEVEL:
            return "within noise"
        return "**better**" if self.after.value > self.before.value else "**worse**"


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Change]:
    """Yield a change for each environment and learner of two versions of metrics.json."""
    for environment in dict.fromkeys([*after, *before]):
        old, new = before.get(environment, {}), after.get(environment, {})
        old_scores, new_scores = _scores(old, scale(new or old)), _scores(new, scale(new))
        for learner in new_scores | old_scores:
            yield Change(environment, learner, old_scores.get(learner), new_scores.get(learner))


def scale(environment: Mapping[str, Any]) -> tuple[float, ...]:
    """Return the 0 and the 1 of an environment's normalised scores, as returns; nothing where one is not known."""
    ends = [environment[name]["return"] for name in ("random", "expert") if environment]
    return () if None in ends else tuple(ends)


def _scores(environment: Mapping[str, Any], other: tuple[float, ...]) -> dict[str, Score]:
    """Return the scores of an environment's learners that have one, on the scale `other`."""

    def moved(value: float) -> float:
        if scale(environment) == other or not other or other[1] <= other[0]:
            return value
        random_return, expert_return = scale(environment)
        return float(normalized(random_return + value * (expert_return - random_return), *other))

    return {
        learner: Score(
            moved(entry["normalized"]), interval and (moved(interval[0]), moved(interval[1])), entry["seeds"]
        )
        for learner, entry in environment.items()
        if entry.get("normalized") is not None
        for interval in [entry["normalized_ci95"]]
    }


def _same(before: Score, after: Score) -> bool:
    """Return whether both look the same in the comment."""
    one, other = ((score.value, *(score.ci95 or ())) for score in (before, after))
    return (before.seeds, len(one)) == (after.seeds, len(other)) and all(
        isclose(old, new, abs_tol=10**-DIGITS) for old, new in zip(one, other, strict=True)
    )


def _std(score: Score) -> float:
    """Return the standard deviation over seeds that a Student interval comes from."""
    assert score.ci95 is not None
    low, high = score.ci95
    return float((high - low) / 2 * sqrt(score.seeds) / stats.t.ppf(0.975, score.seeds - 1))
