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
from gailpipe.foundation.params import load_envs, load_section
from gailpipe.grid.cells import Evaluation
from gailpipe.grid.scores import has_scale, normalized, score
from gailpipe.grid.sets import DemonstrationSet, EntropySet
from gailpipe.rl.on_policy.settings import Imitation

CELL = ("environment", "trajectories")
"""What tells apart the cells of one kind of demonstrations."""
KEPT = 0.75
"""Share of what its policy's median episode gains that an episode must gain, or it is lost."""


class Compared(NamedTuple):
    """Our policies, and the paper's to compare them with."""

    ours: pl.DataFrame
    original: pl.DataFrame


class Grid(NamedTuple):
    """All policies, by what is shown of them."""

    has_sets: bool  # whether an environment may have several sets of demonstrations
    sampled: Compared  # with the smallest λ that there is, from the trajectories that `sample` keeps
    whole: Compared  # the same, from trajectories with all their steps; the paper has none
    entropy: Compared  # every λ, on the environments on which it was varied

    @property
    def plain(self) -> pl.DataFrame:
        """All of ours but those with a greater λ than others."""
        return pl.concat([self.sampled.ours, self.whole.ours])

    @property
    def learners(self) -> list[str]:
        """Whose policies these are, in the catalogue's order."""
        return [name for name in LEARNERS if name in self.plain["algorithm"]]


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
    for learner, _, one, episodes in evaluations:
        shown = trajectory_returns(data / "demonstrations" / f"{one.demonstrations}.parquet")[: one.trajs]
        tables.append(_policies(params, learner, one, episodes, demonstrated[one.env], shown, names))
    keys = ("demonstrations", "trajectories", "algorithm", "entropy_coefficient", "run")
    return pl.concat(tables).sort(pl.col("environment").cast(pl.Enum(envs)), *keys)


def _policies(
    params: Path,
    learner: str,
    one: DemonstrationSet,
    episodes: pl.DataFrame,
    demonstrated: NDArray[np.float64],
    shown: NDArray[np.float64],
    names: dict[str, str],
) -> pl.DataFrame:
    """Return the rows of one learner in one cell; without scores where the demonstrations give no scale.

    Args:
        params: The pipeline's params.yaml.
        learner: By name.
        one: What it learned from.
        episodes: Of it, the random policy and the expert.
        demonstrated: The returns of all trajectories of the environment, (trajectories,).
        shown: Those of the trajectories that it learned from, (trajs,).
        names: The paper's, of environments.
    """
    env, entry = one.env, LEARNERS[learner]
    random_returns = episodes.filter(policy="random")["return"].to_numpy()
    random_return, expert_return = _mean(random_returns), _mean(demonstrated)
    scaled = expert_return is not None and has_scale(random_returns, demonstrated)
    standard_error = float(np.std(demonstrated, ddof=1)) / sqrt(len(demonstrated)) if len(demonstrated) > 1 else None
    expert = {mode: _mean(episodes.filter(policy="expert", mode=mode)["return"].to_numpy()) for mode in MODES}
    own = episodes.filter(policy=learner)
    stochastic = own.filter(mode="stochastic").group_by("seed").agg(stochastic_return=pl.col("return").mean())
    policies = (
        own.filter(mode="deterministic")
        .group_by("seed")
        .agg(
            mean_return=pl.col("return").mean(),
            std_return=pl.col("return").std(ddof=0),
            episodes=pl.len().cast(pl.Int64),
            lost_episodes=_lost(pl.col("return") - random_return),
        )
        .join(stochastic, on="seed")
    )
    settings = load_section(params, entry.settings, entry.section, env, entry.assigned)
    causal_entropy = one.causal_entropy if isinstance(one, EntropySet) else getattr(settings, "causal_entropy", 0.0)

    def scored(column: str) -> pl.Expr:
        value = normalized(pl.col(column), random_return, expert_return) if scaled else pl.lit(None)
        return value.cast(pl.Float64)

    return policies.select(
        task=pl.lit(names.get(env, env.split("-")[0].lower())),
        environment=pl.lit(env),
        algorithm=pl.lit(entry.algorithm or learner),
        entropy_coefficient=pl.lit(causal_entropy if isinstance(settings, Imitation) else None, pl.Float64),
        trajectories=pl.lit(one.trajs, pl.Int64),
        run=pl.col("seed"),
        mean_return="mean_return",
        std_return="std_return",
        episodes="episodes",
        stochastic_return="stochastic_return",
        expert_return=pl.lit(expert_return, pl.Float64),
        random_return=pl.lit(random_return),
        normalized=scored("mean_return"),
        env_steps=pl.lit(settings.interactions, pl.Int64),
        demonstrations=pl.lit(one.demonstrations),
        expert_standard_error=pl.lit(standard_error, pl.Float64),
        expert_deterministic_return=pl.lit(expert["deterministic"], pl.Float64),
        expert_stochastic_return=pl.lit(expert["stochastic"], pl.Float64),
        stochastic_normalized=scored("stochastic_return"),
        shown_return=pl.lit(_mean(shown), pl.Float64),
        lost_episodes="lost_episodes",
    )


def _lost(gains: pl.Expr) -> pl.Expr:
    """Return the share of episodes that a policy loses: those that gain less than `KEPT` of what its median one gains.

    Unknown where the median one gains nothing. Gains are returns beyond the random policy's mean.
    """
    return pl.when(gains.median() > 0).then((gains < KEPT * gains.median()).mean())


def _mean(returns: NDArray[np.float64]) -> float | None:
    return float(returns.mean()) if len(returns) else None


def split(ours: pl.DataFrame, original: pl.DataFrame, *, has_sets: bool) -> Grid:
    """Return `gather`'s rows, and `OriginalResults.policies` beside them, by what is shown of them."""
    learner, weight = ("environment", "algorithm"), pl.col("entropy_coefficient").fill_null(0.0)
    of_sampled = pl.col("demonstrations") == pl.col("environment")
    is_plain = weight == weight.min().over(learner)
    plain, varied = ours.filter(is_plain), ours.filter(~is_plain).select(learner).unique()
    compared = plain.select(*learner, weight).unique()
    studied, originals = (
        table.join(varied, on=learner, how="semi", maintain_order="left")
        for table in (ours.filter(of_sampled), original)
    )
    return Grid(
        has_sets,
        Compared(plain.filter(of_sampled), original.join(compared, on=compared.columns, how="semi")),
        Compared(plain.filter(~of_sampled), original.clear()),
        Compared(studied, originals),
    )


def mean_scores(ours: pl.DataFrame) -> pl.DataFrame:
    """Return the mean normalised score over all runs of each learner on each environment, as DVC plots it."""
    scored = ours.drop_nulls("normalized").group_by("environment", "algorithm", maintain_order=True)
    return scored.agg(pl.col("normalized").mean()).rename({"algorithm": "learner"})


def metrics(ours: pl.DataFrame, *, has_sets: bool) -> dict[str, dict[str, Any]]:
    """Return an entry for each cell, with what the random policy, the expert and each learner return and score.

    The expert's return is the demonstrations'; None stands for what is not known.
    """
    entries: dict[str, dict[str, Any]] = {}
    keys = ("environment", "demonstrations", "trajectories", "algorithm", "entropy_coefficient")
    for (env, demonstrations, trajectories, algorithm, weight), runs in ours.group_by(keys, maintain_order=True):
        cell = f"{demonstrations} from {trajectories}" if has_sets else str(env)
        first, scores = runs.row(0, named=True), runs["normalized"].drop_nulls().to_list()
        summary = score(scores) if scores else None
        ends = {
            "random": {"return": first["random_return"]},
            "expert": {"return": first["expert_return"], "deterministic_return": first["expert_deterministic_return"]},
        }
        entries.setdefault(cell, ends)[f"{algorithm}, λ = {weight:g}" if has_sets and weight else str(algorithm)] = {
            "trajs": trajectories,
            "seeds": len(runs),
            "return": runs["mean_return"].to_numpy().mean(),
            "stochastic_return": runs["stochastic_return"].to_numpy().mean(),
            "normalized": summary and summary.value,
            "normalized_ci95": summary and summary.ci95 and list(summary.ci95),
        }
    return entries
