"""Normalised scores, with their uncertainty over seeds."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

TEST_LEVEL = 0.05
BOOTSTRAP_SAMPLES, BOOTSTRAP_SEED = 2000, 0
Runs = Sequence[float] | NDArray[np.float64]
"""Scores, (runs,)."""


class Estimate(NamedTuple):
    """A statistic over cells, and the ends of its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Score:
    """What the runs of one learner made: the mean over seeds, and a 95 % interval of it where there are several."""

    value: float
    ci95: tuple[float, float] | None
    seeds: int


def normalized(value: Any, random_return: Any, expert_return: Any) -> Any:
    """Return (return − random) / (expert − random): 0 for the random policy, 1 for the expert.

    Takes numbers, or columns of them.
    """
    return (value - random_return) / (expert_return - random_return)


def has_scale(random_returns: ArrayLike, demonstrated_returns: ArrayLike) -> bool:
    """Tell whether the demonstrations are better than the random policy beyond sampling error.

    They are where the difference of the mean returns is greater than two of its standard errors. A sample of one return
    tells nothing of its spread: it is taken to be the other's.

    Args:
        random_returns: (episodes,) of the random policy.
        demonstrated_returns: (trajectories,) of the demonstrations, or one number.
    """
    samples = np.atleast_1d(random_returns), np.atleast_1d(demonstrated_returns)
    known = [float(np.var(sample, ddof=1)) for sample in samples if len(sample) > 1]
    random_variance, demonstrated_variance = known if len(known) == 2 else (known or [0.0]) * 2
    squared_error = random_variance / len(samples[0]) + demonstrated_variance / len(samples[1])
    return float(samples[1].mean() - samples[0].mean()) > 2 * squared_error**0.5


def differ(runs: Sequence[float], others: Sequence[float]) -> bool | None:
    """Tell whether the mean of runs differs from that of others; on one side there may be one alone.

    Several and several are compared by Welch's test. One is compared with the 95 % prediction interval of a further run
    of the other side, mean ± t s √(1 + 1/n). Where neither side has spread nothing can be said: None.
    """
    several, fewer = (runs, others) if len(runs) >= len(others) else (others, runs)
    n, spread = len(several), _spread(several)
    if len(fewer) > 1:
        if spread == _spread(fewer) == 0:
            return None
        moments = np.mean(several), spread, n, np.mean(fewer), _spread(fewer), len(fewer)
        return bool(stats.ttest_ind_from_stats(*moments, equal_var=False).pvalue < TEST_LEVEL)
    if spread == 0:
        return None
    margin = float(stats.t.ppf(1 - TEST_LEVEL / 2, n - 1)) * spread * (1 + 1 / n) ** 0.5
    return abs(fewer[0] - float(np.mean(several))) > margin


def _spread(runs: Sequence[float]) -> float:
    return float(np.std(runs, ddof=1)) if np.ptp(runs) > 0 else 0.0


def interquartile_mean(cells: Sequence[Runs]) -> float:
    """Return the interquartile mean over cells of their runs' mean scores; all cells count alike.

    Args:
        cells: The scores of each cell's runs, (runs,).
    """
    return float(stats.trim_mean([np.mean(runs) for runs in cells], 0.25))


def probability_of_improvement(samples: Sequence[Runs]) -> float:
    """Return how probable it is that a run scores higher than one of others, as a mean over cells.

    Where both score alike it counts one half (Agarwal et al. 2021).

    Args:
        samples: For each cell two in turn: the scores of its runs, and the others', (runs,).
    """
    pairs = zip(samples[::2], samples[1::2], strict=True)
    return float(np.mean([np.heaviside(np.subtract.outer(runs, others), 0.5).mean() for runs, others in pairs]))


def estimate(statistic: Callable[[Sequence[Runs]], float], samples: Sequence[Runs]) -> Estimate:
    """Return a statistic of samples, with the percentiles' interval of a stratified bootstrap (Agarwal et al. 2021).

    It draws each sample anew. One of a single run adds nothing to the interval.
    """
    from arch.bootstrap import IndependentSamplesBootstrap

    arrays = [np.asarray(sample, np.float64) for sample in samples]
    bootstrap = IndependentSamplesBootstrap(*arrays, seed=BOOTSTRAP_SEED)
    ends = bootstrap.conf_int(lambda *drawn: np.array([statistic(drawn)]), BOOTSTRAP_SAMPLES, method="percentile")
    low, high = (float(end) for end in ends.ravel())
    return Estimate(statistic(arrays), low, high)


def score(values: Sequence[float]) -> Score:
    """Summarise one value per seed; the interval is Student's, (mean ± t s / √n)."""
    mean = float(np.mean(values))
    if len(values) < 2:
        return Score(mean, None, len(values))
    margin = float(stats.t.ppf(0.975, len(values) - 1) * np.std(values, ddof=1) / np.sqrt(len(values)))
    return Score(mean, (mean - margin, mean + margin), len(values))
