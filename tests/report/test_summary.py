"""What the summary says of a grid: every number worked out by hand."""

import polars as pl

from gailpipe.grid.policies import Compared
from gailpipe.report.summary import summary


def test_verdicts_count_the_sets_that_both_have() -> None:
    schema = ("environment", "trajectories", "algorithm", "mean_return", "stochastic_return", "normalized")
    rows = [
        ("A", 1, "gail", 88.0, 50.0, 0.88),
        ("A", 1, "gail", 92.0, 50.0, 0.92),
        ("A", 4, "gail", 99.6, 60.0, 0.99959),
        ("A", 4, "gail", 99.6, 60.0, 0.99961),
        *[("B", 1, "gail", 70.0, 70.0, 0.7)] * 3,
        ("B", 4, "gail", 80.0, 80.0, 0.0599),
        ("B", 4, "gail", 80.0, 80.0, 0.0601),
        ("A", 1, "bc", 95.0, 50.0, 0.95),
        ("B", 1, "bc", 70.0, 70.0, 0.7),
        ("D", 1, "bc", 70.0, 70.0, 0.2),
        ("A", 1, "bc-plain", 40.0, 50.0, 0.3),
        ("A", 1, "bc-plain", 40.0, 50.0, 0.5),
        ("A", 4, "bc-plain", 90.0, 50.0, 0.9),
        ("D", 1, "bc-plain", 40.0, 50.0, 0.35),
    ]
    scale = {
        "random_return": 0.0,
        "expert_return": 100.0,
        "expert_deterministic_return": 200.0,
        "expert_stochastic_return": 50.0,
    }
    ours = pl.DataFrame(rows, schema=schema, orient="row").with_columns(
        pl.lit(value).alias(name) for name, value in scale.items()
    )
    theirs = pl.DataFrame(
        [
            ("A", 1, "gail", 0.90),
            ("A", 1, "gail", 0.94),
            ("A", 4, "gail", 1.0),
            ("B", 1, "gail", 0.902),
            ("B", 4, "gail", 0.05),
            ("C", 1, "gail", 1),
            ("A", 1, "bc", 0.6),
            ("B", 1, "bc", 0.7),
            ("B", 4, "bc", 0.9),
        ],
        schema=("environment", "trajectories", "algorithm", "normalized"),
        orient="row",
        strict=False,
    )
    headline, mean, to_paper, intervals, to_bc, bc_to_paper, regularized = summary(Compared(ours, theirs)).splitlines()
    # cells of 0.45, 0.498, 0.35 and 0.4 deterministically, 1, 1.2, 1.4 and 1.6 stochastically: the middle two of each
    assert "over 4 demonstration sets is **0.425** (" in headline
    assert "and **1.300** (1.300 … 1.300) for stochastic ones" in headline
    assert headline.endswith("by a stratified bootstrap over runs.")
    assert "over 4 demonstration sets is 0.665; the paper's is 0.718. 95 % of their difference is B from 1." in mean
    assert mean.endswith("The median of the differences is -0.010.")
    below = "A from 1 (0.900 against 0.920); B from 1 (0.700 against 0.902)."
    assert to_paper.endswith(f"in 2 of 4, by less than 0.01 in 1 of these; not on {below}")
    assert intervals == (
        "- In 3 of these sets runs have spread, so that a difference can be tested. The paper's mean does not differ "
        "from ours in 1, is below it in 1, and above it in 1 (A from 4): by Welch's test (p < 0.05) where the paper "
        "has several runs, by the 95 % prediction interval of a further run of ours where it has one (2 sets)."
    )
    below = "A from 1 (0.900 against 0.950)."
    assert to_bc.endswith(f"in 1 of 2, by less than 0.01 in 1 of these; not on {below}")
    assert bc_to_paper == "- BC's mean score is 0.825, the paper's 0.650."
    change = "A from 1 (0.400 to 0.950); D from 1 (0.350 to 0.200)"
    assert regularized == f"- Regularisation takes BC's mean score from 0.375 to 0.575: on {change}."


def test_without_a_scale_nothing_is_compared() -> None:
    columns = ("environment", "trajectories", "algorithm", "normalized")
    rows = pl.DataFrame([("A", 1, "gail", None)], schema=columns, orient="row")
    assert summary(Compared(rows, rows)).startswith("- Nothing has a score")
