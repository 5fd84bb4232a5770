"""Scores, and what can be said of their differences: every number worked out by hand."""

import pytest

from gailpipe.grid.scores import (
    differ,
    estimate,
    has_scale,
    interquartile_mean,
    normalized,
    probability_of_improvement,
    score,
)


def test_normalised_score_is_0_for_random_and_1_for_the_expert() -> None:
    assert normalized(-500, -500, -80) == 0
    assert normalized(-80, -500, -80) == 1
    assert normalized(30.0, 10, 20) == 2


def test_interval_is_students() -> None:
    result = score([0.9, 1.0, 1.1])
    assert result.value == pytest.approx(1)
    assert result.ci95 is not None
    # t(0.975; 2) = 4.302653, s = 0.1
    assert result.ci95 == pytest.approx((1 - 4.302653 * 0.1 / 3**0.5, 1 + 4.302653 * 0.1 / 3**0.5))


def test_one_seed_has_no_interval() -> None:
    assert score([0.7]).ci95 is None


def test_a_scale_must_be_more_than_luck() -> None:
    # means 10 and 12, of variance 16/3 each, so that two standard errors are 2 √(4/3 + 4/3) = 3.27
    assert not has_scale([8, 8, 12, 12], [10, 10, 14, 14])
    assert has_scale([8, 8, 12, 12], [13, 13, 17, 17])
    assert has_scale([-500.0] * 3, [-499.9] * 2)
    assert not has_scale([-500.0] * 3, [-500.0] * 2)
    assert not has_scale([0.0, 4.0], 6.0)  # one trajectory, taken to vary as random returns do: 4 against 2 √(4 + 8)
    assert has_scale([0.0, 4.0], 9.0)


def test_the_interquartile_mean_leaves_a_quarter_of_the_cells_out_at_either_end() -> None:
    cells = [[0.0], [1.0, 3.0], [4.0, 4.0, 4.0], [100.0]]
    # of 2 and 4; the second cell's mean is 1, 2 or 3 when its runs are drawn anew
    assert estimate(interquartile_mean, cells) == (3, 2.5, 3.5)
    assert estimate(interquartile_mean, [[0.5], [0.7]]) == (0.6, 0.6, 0.6)


def test_a_run_improves_on_another_with_a_probability() -> None:
    # of 1, 2 and 3 against 2 and 0: 1.5 and 3 of three pairs; of 5 against 9: none; of 7 against 7: one half
    samples = [[1.0, 2.0, 3.0], [2.0, 0.0], [5.0], [9.0], [7.0], [7.0]]
    assert probability_of_improvement(samples) == pytest.approx(((1.5 + 3) / 6 + 0 + 0.5) / 3)
    assert estimate(probability_of_improvement, [[5.0], [9.0], [7.0], [7.0]]) == (0.25, 0.25, 0.25)
    _, low, high = estimate(probability_of_improvement, [[0.0, 2.0], [1.0]])  # drawn anew: both below, one, none
    assert (low, high) == (0, 1)


def test_runs_differ_beyond_their_spread_or_nothing_is_said() -> None:
    assert differ([1.0, 1.0], [0.995, 0.995]) is None
    assert differ([1.0], [0.5]) is None
    assert differ([1.0, 1.0], [0.5]) is None
    assert differ([0.9, 1.0, 1.1], [0.4, 0.5, 0.6]) is True
    # mean 1, s = 0.1, t(0.975; 2) = 4.302653: a further run lies within 1 ± 0.4968
    assert differ([0.9, 1.0, 1.1], [0.51]) is False
    assert differ([0.9, 1.0, 1.1], [0.50]) is True
    assert differ([0.51], [0.9, 1.0, 1.1]) is False
    assert differ([0.50], [0.9, 1.0, 1.1]) is True
