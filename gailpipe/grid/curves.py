"""How learners that interact learned: their curves as one table, and how soon they reach a score."""

from collections.abc import Sequence
from pathlib import Path

import polars as pl
import polars.selectors as cs

from gailpipe.algorithms.catalogue import CLONED_FIRST, HEADLINE, OFF_POLICY
from gailpipe.foundation.tables import read_table
from gailpipe.grid.cells import cells_of, require_cells
from gailpipe.grid.scores import normalized

STARTS = {HEADLINE: "random", CLONED_FIRST: "cloned first"}
LEVELS = (0.5, 0.7)


def learning_curves(params: Path, data: Path, policies: pl.DataFrame, smoothing: float) -> pl.DataFrame:
    """Return the smooth learning curves of the headline's learner, from either start, and of who replays.

    Args:
        params: The pipeline's params.yaml.
        data: What it made.
        policies: `gather`'s rows, for the scale.
        smoothing: Share of a run's iterations that a point averages over.

    Returns:
        environment, demonstrations, trajectories, algorithm, seed, million_steps, normalized (null where
        there is no scale), and all metrics of an iteration.
    """
    tables = []
    for algorithm in (*STARTS, OFF_POLICY):
        if algorithm not in policies["algorithm"]:
            continue
        cells = cells_of(params, algorithm)
        require_cells(data / algorithm, cells)
        for name, one in cells.items():
            curves = read_table(data / algorithm / name / "learning.parquet", ("seed", "env_steps", "return"))
            curves = curves.cast({cs.float(): pl.Float64})
            scale = policies.filter(environment=one.env).row(0, named=True)
            score = pl.lit(None)
            if scale["normalized"] is not None:
                score = normalized(pl.col("return"), scale["random_return"], scale["expert_return"])
            tables.append(
                smooth(curves, smoothing).select(
                    environment=pl.lit(one.env),
                    demonstrations=pl.lit(one.demonstrations),
                    trajectories=pl.lit(one.trajs),
                    algorithm=pl.lit(algorithm),
                    seed="seed",
                    million_steps="million_steps",
                    normalized=score.cast(pl.Float64),
                    **{column: column for column in curves.columns if column not in ("seed", "env_steps")},
                )
            )
    return pl.concat(tables, how="diagonal")


def smooth(curves: pl.DataFrame, share: float) -> pl.DataFrame:
    """Return the curves with each point the mean of the iterations around it, against millions of steps.

    Args:
        curves: seed, env_steps, and what is averaged; a row for each iteration, of runs that are equally long.
        share: Of a run's iterations, how many a point averages over; those without a value do not count.
    """
    iterations = round(share * len(curves) / curves["seed"].n_unique())
    averaged = cs.all() - cs.by_name("seed", "env_steps")
    return curves.select(
        "seed",
        averaged.rolling_mean(max(1, iterations), min_samples=1, center=True).over("seed"),
        million_steps=pl.col("env_steps").truediv(1e6),
    )


def mean_curves(curves: pl.DataFrame) -> pl.DataFrame:
    """Return the mean return over seeds of the headline's learner, as DVC plots it."""
    own = curves.filter(algorithm=HEADLINE).group_by("environment", "million_steps", maintain_order=True)
    return own.agg(pl.col("return").mean()).drop_nulls()


def crossings(curves: pl.DataFrame) -> list[dict[str, str]]:
    """Return how many million steps learning takes from either start until a curve first reaches each of `LEVELS`.

    Args:
        curves: As `learning_curves` returns them; rows are of the demonstration sets that were cloned.
    """
    keys = ("demonstrations", "trajectories")
    rows = []
    cloned = curves.filter(algorithm=CLONED_FIRST).select(keys).unique(maintain_order=True)
    for demonstrations, trajectories in cloned.iter_rows():
        of_set = curves.filter(demonstrations=demonstrations, trajectories=trajectories)
        steps = {
            f"{level}: {start}": _span(_first(of_set.filter(algorithm=algorithm), level))
            for level in LEVELS
            for algorithm, start in STARTS.items()
        }
        rows.append({"demonstrations": demonstrations, "trajectories": str(trajectories), **steps})
    return rows


def _first(curves: pl.DataFrame, level: float) -> list[float | None]:
    """Return the million steps after which each run first reaches `level`, or None where it never does.

    There is nothing to return where there is no scale.
    """
    curves = curves.drop_nulls("normalized")
    reached = pl.col("million_steps").filter(pl.col("normalized") >= level).min()
    return curves.group_by("seed").agg(reached)["million_steps"].to_list()


def _span(steps: Sequence[float | None]) -> str:
    """Return the least and the most, and how many of the runs these span if not all."""
    if not steps:
        return "—"
    reached = [f"{step:.2f}" for step in sorted(step for step in steps if step is not None)]
    if not reached:
        return "never"
    span = "–".join(dict.fromkeys([reached[0], reached[-1]]))
    return span if len(reached) == len(steps) else f"{span} ({len(reached)} of {len(steps)})"
