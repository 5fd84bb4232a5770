"""Normalised scores, with their uncertainty over seeds."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats


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


def score(values: Sequence[float]) -> Score:
    """Summarise one value per seed; the interval is Student's, (mean ± t s / √n)."""
    mean = float(np.mean(values))
    if len(values) < 2:
        return Score(mean, None, len(values))
    margin = float(stats.t.ppf(0.975, len(values) - 1) * np.std(values, ddof=1) / np.sqrt(len(values)))
    return Score(mean, (mean - margin, mean + margin), len(values))
