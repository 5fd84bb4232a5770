"""All policies that a pipeline learned as one table, a row for each, and the same summed up for metrics.json."""

from collections.abc import Iterable
from math import sqrt
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from gailpipe.algorithms.catalogue import LEARNERS
from gailpipe.evaluation.returns import MODES, trajectory_returns
from gailpipe.evaluation.scores import has_scale, normalized, score
from gailpipe.foundation.params import load_envs, load_section
from gailpipe.grid.cells import Evaluation, cells_of
from gailpipe.grid.sets import DemonstrationSet, EntropySet
from gailpipe.rl.settings import Training

CELL = ("environment", "trajectories")
"""What tells apart the cells of one kind of demonstrations."""


class Compared(NamedTuple):
    """Our policies, and the paper's to compare them with."""

    ours: pl.DataFrame
    original: pl.DataFrame


class Grid(NamedTuple):
    """All policies, by what is shown of them."""

    sampled: Compared  # λ = 0, from the trajectories that `sample` keeps of each environment
    whole: Compared  # λ = 0, from trajectories with all their steps; the paper has none
    entropy: Compared  # every λ, on the environments on which it was varied

    @property
    def plain(self) -> pl.DataFrame:
        """All of ours with λ = 0."""
        return pl.concat([self.sampled.ours, self.whole.ours])

    @property
    def learners(self) -> list[str]:
        """Whoever learned with λ = 0, in the catalogue's order."""
        return [name for name in LEARNERS if name in self.plain["algorithm"]]

    @property
    def one_cell_each(self) -> bool:
        """Whether each learner has one set of demonstrations of each environment."""
        return all(
            count == 1
            for *_, count in self.plain.group_by("environment", "algorithm")
            .agg(pl.struct("demonstrations", "trajectories").n_unique())
            .iter_rows()
        )


def gather(params: Path, data: Path, evaluations: Iterable[Evaluation], names: dict[str, str]) -> pl.DataFrame:
    """Return a row for each learned policy, with the columns of results.csv, which the report explains.

    Args:
        params: The pipeline's params.yaml.
        data: What it made.
        evaluations: What `read_evaluations` found there.
        names: The paper's name of each environment that it has.
    """
    envs = load_envs(params)
    demonstrated = {env: trajectory_returns(data / "demonstrations" / f"{env}.parquet") for env in envs}
    tables = []
    for cell, learners, episodes in evaluations:
        for learner in learners:
            one = cells_of(params, learner)[cell]
            tables.append(_policies(params, learner, one, episodes, demonstrated[one.env], names))
    keys = ("demonstrations", "trajectories", "algorithm", "entropy_coefficient", "run")
    return pl.concat(tables).sort(pl.col("environment").cast(pl.Enum(envs)), *keys)


def _policies(
    params: Path,
    learner: str,
    one: DemonstrationSet,
    episodes: pl.DataFrame,
    demonstrated: NDArray[np.float64],
    names: dict[str, str],
) -> pl.DataFrame:
    """Return the rows of one learner in one cell; without scores where the demonstrations give no scale."""
    env, entry = one.env, LEARNERS[learner]
    random_returns = episodes.filter(policy="random")["return"].to_numpy()
    random_return, expert_return = float(random_returns.mean()), float(demonstrated.mean())
    scaled = has_scale(random_returns, demonstrated)
    standard_error = float(np.std(demonstrated, ddof=1)) / sqrt(len(demonstrated)) if len(demonstrated) > 1 else None
    expert = {mode: float(episodes.filter(policy="expert", mode=mode)["return"].to_numpy().mean()) for mode in MODES}
    own = episodes.filter(policy=learner)
    stochastic = own.filter(mode="stochastic").group_by("seed").agg(stochastic_return=pl.col("return").mean())
    policies = (
        own.filter(mode="deterministic")
        .group_by("seed")
        .agg(
            mean_return=pl.col("return").mean(),
            std_return=pl.col("return").std(ddof=0),
            episodes=pl.len().cast(pl.Int64),
        )
        .join(stochastic, on="seed")
    )
    causal_entropy = one.causal_entropy if isinstance(one, EntropySet) else 0.0

    def scored(column: str) -> pl.Expr:
        value = normalized(pl.col(column), random_return, expert_return) if scaled else pl.lit(None)
        return value.cast(pl.Float64)

    return policies.select(
        task=pl.lit(names.get(env, env.split("-")[0].lower())),
        environment=pl.lit(env),
        algorithm=pl.lit(entry.algorithm or learner),
        entropy_coefficient=pl.lit(causal_entropy if entry.interacts else None, pl.Float64),
        trajectories=pl.lit(one.trajs, pl.Int64),
        run=pl.col("seed"),
        mean_return="mean_return",
        std_return="std_return",
        episodes="episodes",
        stochastic_return="stochastic_return",
        expert_return=pl.lit(expert_return),
        random_return=pl.lit(random_return),
        normalized=scored("mean_return"),
        env_steps=pl.lit(_env_steps(params, learner, env), pl.Int64),
        demonstrations=pl.lit(one.demonstrations),
        expert_standard_error=pl.lit(standard_error, pl.Float64),
        expert_deterministic_return=pl.lit(expert["deterministic"]),
        expert_stochastic_return=pl.lit(expert["stochastic"]),
        stochastic_normalized=scored("stochastic_return"),
    )


def _env_steps(params: Path, learner: str, env: str) -> int:
    """Return the environment steps that a run took."""
    entry = LEARNERS[learner]
    settings = load_section(params, entry.settings, entry.section, env)
    return settings.iterations * settings.num_steps * settings.num_envs if isinstance(settings, Training) else 0


def split(ours: pl.DataFrame, original: pl.DataFrame) -> Grid:
    """Return `gather`'s rows, and `OriginalResults.policies` beside them, by what is shown of them."""
    of_sampled = pl.col("demonstrations") == pl.col("environment")
    plain = pl.col("entropy_coefficient").fill_null(0.0) == 0  # who takes no steps has none
    sampled = ours.filter(of_sampled)
    varied = sampled.filter(~plain).select("environment", "algorithm").unique()
    studied, originals = (
        table.join(varied, on=("environment", "algorithm"), how="semi", maintain_order="left")
        for table in (sampled, original)
    )
    return Grid(
        Compared(sampled.filter(plain), original.filter(plain)),
        Compared(ours.filter(~of_sampled, plain), original.clear()),
        Compared(studied, originals),
    )


def mean_scores(ours: pl.DataFrame) -> pl.DataFrame:
    """Return the mean normalised score over all runs of each learner on each environment, as DVC plots it."""
    scored = ours.drop_nulls("normalized").group_by("environment", "algorithm", maintain_order=True)
    return scored.agg(pl.col("normalized").mean()).rename({"algorithm": "learner"})


def metrics(ours: pl.DataFrame, *, one_cell_each: bool) -> dict[str, dict[str, Any]]:
    """Return an entry for each cell, with what the random policy, the expert and each learner return and score."""
    entries: dict[str, dict[str, Any]] = {}
    keys = ("environment", "demonstrations", "trajectories", "algorithm", "entropy_coefficient")
    for (env, demonstrations, trajectories, algorithm, weight), runs in ours.group_by(keys, maintain_order=True):
        cell = str(env) if one_cell_each else f"{demonstrations} from {trajectories}"
        first, scores = runs.row(0, named=True), runs["normalized"].drop_nulls().to_list()
        summary = score(scores) if scores else None
        ends = {
            "random": {"return": first["random_return"]},
            "expert": {"return": first["expert_return"], "deterministic_return": first["expert_deterministic_return"]},
        }
        entries.setdefault(cell, ends)[f"{algorithm}, λ = {weight:g}" if weight else str(algorithm)] = {
            "trajs": trajectories,
            "seeds": len(runs),
            "return": runs["mean_return"].to_numpy().mean(),
            "stochastic_return": runs["stochastic_return"].to_numpy().mean(),
            "normalized": summary and summary.value,
            "normalized_ci95": summary and summary.ci95 and list(summary.ci95),
        }
    return entries
