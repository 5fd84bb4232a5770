"""What a report says first: every number worked out by hand."""

import polars as pl

from gailpipe.grid.policies import Compared, Grid
from gailpipe.report.summary import comparisons_table, learners_table, shortfalls_table

ROWS = [
    # demonstrations, environment, trajectories, learner, deterministic return, stochastic return
    ("A", "A", 1, "gail", 88.0, 40.0),
    ("A", "A", 1, "gail", 92.0, 50.0),
    ("A", "A", 4, "gail", 198.0, 48.0),
    ("A", "A", 4, "gail", 202.0, 48.0),
    ("B", "B", 1, "gail", 200.0, 50.0),
    ("B", "B", 4, "gail", 196.0, 49.0),
    ("A", "A", 1, "bc", 95.0, 50.0),
    ("B", "B", 1, "bc", 200.04, 70.0),  # level to three digits
    ("D", "D", 1, "bc", 70.0, 70.0),
    ("A-full", "A", 1, "bc", 199.0, 50.0),
    ("A-full", "A", 1, "gail", 198.0, 50.0),
]
SCALE = {
    "entropy_coefficient": 0.0,
    "random_return": 0.0,
    "expert_return": 100.0,
    "expert_deterministic_return": 200.0,
    "expert_stochastic_return": 50.0,
    "shown_return": 110.0,
    "lost_episodes": 0.25,
    "env_steps": 500_000,
}
PAPERS = [
    ("A", 1, "gail", 0.90),
    ("A", 1, "gail", 0.94),
    ("A", 4, "gail", 1.0),
    ("B", 1, "gail", 1.99),
    ("C", 1, "gail", 1.0),
    ("A", 1, "bc", 0.6),
]
PAPERS_TABLE = pl.DataFrame(PAPERS, ("environment", "trajectories", "algorithm", "normalized"), orient="row")


def small_grid() -> Grid:
    schema = ("demonstrations", "environment", "trajectories", "algorithm", "mean_return", "stochastic_return")
    columns = {name: pl.lit(value) for name, value in SCALE.items()}
    scores = {"normalized": pl.col("mean_return") / 100, "stochastic_normalized": pl.col("stochastic_return") / 100}
    ours = pl.DataFrame(ROWS, schema=schema, orient="row").with_columns(**columns, **scores)
    sampled = pl.col("demonstrations") == pl.col("environment")
    whole = Compared(ours.filter(~sampled), PAPERS_TABLE.clear())
    return Grid(True, Compared(ours.filter(sampled), PAPERS_TABLE), whole, Compared(ours.clear(), PAPERS_TABLE.clear()))


def test_learners_stand_beside_the_expert_in_the_same_mode() -> None:
    header, _, bc, gail = learners_table(small_grid()).splitlines()
    assert header.startswith("| learner | sets | runs of a set | deterministic | stochastic | GAIL on these sets |")
    # of three cells none is trimmed: 0.475, 1.0002 and 0.35; 1, 1.4 and 1.4
    assert bc == "| BC | 3 | 1 | 0.608 | 1.267 | — | 1.5 |"  # GAIL has not learned from the third
    # the middle two of 0.45, 0.98, 1 and 1, of which the last is 0.99 to 1.01 when its runs are drawn anew, and of 0.9,
    # 0.96, 0.98 and 1, of which the first may be 1
    assert gail == "| GAIL | 4 | 1 to 2 | 0.990 (0.985 … 0.990) | 0.970 (0.970 … 0.990) | 0.990, 0.970 | 3.0 |"


def test_comparisons_are_of_the_sets_that_both_have() -> None:
    header, _, *rows = comparisons_table(small_grid().sampled).splitlines()
    assert header == (
        "| learner | compared with | sets | mean | the other's | median difference | at or above | tested "
        "| clearly above | clearly below | probability of improvement |"
    )
    assert rows == [
        "| BC | the paper's | 1 | 0.950 | 0.600 | +0.350 | 1 | 0 | 0 | 0 | 1.00 |",
        "| BC | the paper's, same mode | 1 | 0.475 | 0.600 | -0.125 | 0 | 0 | 0 | 0 | 0.00 |",
        # 0.88 and 0.92 against 0.90 and 0.94: one pair of four; 2 ± t(0.975; 1) 0.0283 √1.5 against 1; 2 against 1.99
        "| GAIL | the paper's | 3 | 1.633 | 1.303 | +0.010 | 2 | 2 | 1 | 0 | 0.75 (0.67 … 1.00) |",
        # 0.44 and 0.46 against 0.90 and 0.94; 0.99 and 1.01 against 1: one of two; 1 against 1.99
        "| GAIL | the paper's, same mode | 3 | 0.817 | 1.303 | -0.470 | 1 | 2 | 0 | 1 | 0.17 (0.00 … 0.33) |",
        "| GAIL | BC | 2 | 1.450 | 1.475 | -0.025 | 1 | 1 | 0 | 0 | 0.00 |",
    ]


def test_what_falls_short_stands_beside_what_may_explain_it() -> None:
    grid = small_grid()
    header, _, *rows = shortfalls_table(grid).splitlines()
    assert header == (
        "| demonstrations | trajectories | same mode | its runs | lost | score | the paper's | BC | expert | shown |"
    )
    first = "| A | 1 | 0.450, 0.900 | 0.44 … 0.46 | 25 % | 0.900 | 0.920 | 0.950 | 2.00 | 1.10 |"
    whole = "| A-full | 1 | 0.990, 1.000 | — | 25 % | 1.980 | — | 1.990 | 2.00 | 1.10 |"
    assert rows == [first, whole]
    better = pl.DataFrame([("B", 4, "gail", 1.961)], PAPERS_TABLE.schema, orient="row")
    unknown = pl.lit(None, pl.Float64)
    ours = grid.sampled.ours.with_columns(shown_return=unknown, lost_episodes=unknown)
    grid = grid._replace(sampled=Compared(ours, pl.concat([PAPERS_TABLE, better])))
    assert shortfalls_table(grid).splitlines()[3] == ("| B | 4 | 0.980, 0.980 | — | — | 1.960 | 1.961 | — | 2.00 | — |")


def test_a_set_on_which_the_expert_makes_no_more_than_the_random_policy_is_left_out() -> None:
    grid = small_grid()
    poor = pl.when(environment="A").then(0.0).otherwise("expert_deterministic_return")
    ours = grid.sampled.ours.with_columns(expert_deterministic_return=poor)
    grid = grid._replace(sampled=Compared(ours, grid.sampled.original))
    assert learners_table(grid).splitlines()[-1] == "| GAIL | 2 | 1 | 0.990 | 0.990 | 0.990, 0.990 | 1.0 |"
    assert "| A | " not in shortfalls_table(grid)


def test_without_a_scale_nothing_is_compared() -> None:
    grid = small_grid()
    unknown = Compared(grid.sampled.ours.with_columns(normalized=pl.lit(None, pl.Float64)), grid.sampled.original)
    grid = grid._replace(sampled=unknown)
    assert learners_table(grid) == ""
    assert comparisons_table(unknown) == ""
