"""How GAIL learned, from a random and from a cloned policy, and how soon."""

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from gailpipe.evaluation.scores import normalized
from gailpipe.foundation.tables import read_table
from gailpipe.grid.sets import DemonstrationSet, load_sets
from gailpipe.paper.results import EVALUATIONS, STARTS
from gailpipe.report.learning import smooth

LEVELS = (0.5, 0.7)


def learning_curves(params: Path, data: Path, policies: pl.DataFrame, smoothing: float) -> pl.DataFrame:
    """Return GAIL's learning curves, λ = 0, normalised and smooth.

    Args:
        params: The paper's params.yaml.
        data: What its pipeline made.
        policies: `gather`'s rows, for the scale.
        smoothing: Share of a run's iterations that a point averages over.

    Returns:
        demonstrations, trajectories, algorithm (of `STARTS`), seed, million_steps, normalized.
    """
    return pl.concat(
        _curves_of_set(data / algorithm / name / "learning.parquet", algorithm, one, policies, smoothing)
        for _, section, learners in EVALUATIONS
        for algorithm in learners
        for name, one in load_sets(params, section).items()
        if algorithm in STARTS
    )


def _curves_of_set(
    file: Path, algorithm: str, one: DemonstrationSet, policies: pl.DataFrame, smoothing: float
) -> pl.DataFrame:
    scale = policies.filter(environment=one.env).row(0, named=True)
    curves = smooth(read_table(file, ("seed", "env_steps", "return")), smoothing).drop_nulls("return")
    return curves.select(
        "seed",
        "million_steps",
        demonstrations=pl.lit(one.demonstrations),
        trajectories=pl.lit(one.trajs),
        algorithm=pl.lit(algorithm),
        normalized=normalized(pl.col("return"), scale["random_return"], scale["expert_return"]),
    )


def crossings(curves: pl.DataFrame) -> list[dict[str, str]]:
    """Return how many million steps GAIL takes from either start until its curve first reaches each of `LEVELS`.

    Args:
        curves: As `learning_curves` returns them; rows are of the demonstration sets that were cloned.
    """
    keys = ("demonstrations", "trajectories")
    rows = []
    cloned = curves.filter(algorithm="gail-bc").select(keys).unique(maintain_order=True)
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
    """Return the million steps after which each run first reaches `level`, or None where it never does."""
    reached = pl.col("million_steps").filter(pl.col("normalized") >= level).min()
    return curves.group_by("seed").agg(reached)["million_steps"].to_list()


def _span(steps: Sequence[float | None]) -> str:
    """Return the least and the most, and how many of the runs these span if not all."""
    reached = [f"{step:.2f}" for step in sorted(step for step in steps if step is not None)]
    if not reached:
        return "never"
    span = "–".join(dict.fromkeys([reached[0], reached[-1]]))
    return span if len(reached) == len(steps) else f"{span} ({len(reached)} of {len(steps)})"
