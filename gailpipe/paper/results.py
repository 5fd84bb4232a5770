"""All that the paper's pipeline learned, one row for each policy, with the columns of the paper's own results."""

from collections.abc import Sequence
from math import sqrt
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from gailpipe.algorithms.catalogue import LEARNERS
from gailpipe.evaluation.returns import SCHEMA, trajectory_returns
from gailpipe.evaluation.scores import has_scale, normalized
from gailpipe.foundation.errors import UserError
from gailpipe.foundation.params import load_envs, load_section
from gailpipe.foundation.tables import read_table
from gailpipe.grid.sets import DemonstrationSet, EntropySet, load_sets
from gailpipe.report.cells import require_cells
from gailpipe.rl.settings import Training


class Evaluations(NamedTuple):
    """A folder of evaluations, the section of params.yaml that names them, and who is evaluated in each."""

    folder: str
    sets: str
    learners: tuple[str, ...]


EVALUATIONS = (
    Evaluations("evaluate", "sets", ("bc", "gail")),
    Evaluations("evaluate-linear", "sets", ("fem", "gtal")),
    Evaluations("evaluate-cloned", "cloned_sets", ("gail-bc",)),
    Evaluations("evaluate-entropy", "entropy_sets", ("gail-entropy",)),
)
STARTS = {"gail": "random", "gail-bc": "cloned first"}  # of GAIL
SET_KEYS = ("environment", "trajectories")
MODES = ("deterministic", "stochastic")


class Compared(NamedTuple):
    """Our policies, and the paper's to compare them with."""

    ours: pl.DataFrame
    original: pl.DataFrame


class Grid(NamedTuple):
    """All policies, by what is shown of them."""

    sampled: Compared  # λ = 0, from the trajectories that `sample` keeps of each task
    whole: Compared  # λ = 0, from trajectories with all their steps; the paper has none
    entropy: Compared  # GAIL with every λ, on the environments on which it was varied

    @property
    def plain(self) -> pl.DataFrame:
        """All of ours with λ = 0."""
        return pl.concat([self.sampled.ours, self.whole.ours])


def gather(params: Path, data: Path, names: dict[str, str]) -> pl.DataFrame:
    """Return a row for each learned policy, with the columns of results.csv, which the page explains.

    Args:
        params: The params.yaml that names all sets.
        data: What the pipeline made.
        names: The paper's name of each environment that it has.

    Raises:
        UserError: An evaluation is missing or lacks a policy, there is one that params.yaml does not name, or an expert
            is no better than the random policy, so that no score can be had.
    """
    if not any(one.demonstrations == one.env for one in load_sets(params, "sets").values()):
        raise UserError(f"{params}: sets: none learns from sampled trajectories; a report needs results of these")
    envs = load_envs(params)
    demonstrated = {env: trajectory_returns(data / "demonstrations" / f"{env}.parquet") for env in envs}
    tables = []
    for folder, section, learners in EVALUATIONS:
        sets = load_sets(params, section)
        require_cells(data / folder, sets)
        for name, one in sets.items():
            file = data / folder / f"{name}.parquet"
            evaluation = read_table(file, SCHEMA)
            _require_modes(file, evaluation, learners)
            for learner in learners:
                tables.append(_policies(params, learner, one, evaluation, demonstrated[one.env], names))
    order = pl.Enum(envs)
    return pl.concat(tables).sort(
        pl.col("environment").cast(order),
        "demonstrations",
        "trajectories",
        "algorithm",
        "entropy_coefficient",
        "run",
    )


def _require_modes(file: Path, evaluation: pl.DataFrame, learners: Sequence[str]) -> None:
    """Check that an evaluation has the random policy, and expert and learners the same episodes in both modes."""
    found = evaluation.select("policy", "mode", "seed", "episode").rows()
    if not any(policy == "random" for policy, *_ in found):
        raise UserError(f"{file}: lacks the random policy")
    for policy in ("expert", *learners):
        deterministic, stochastic = ({row[2:] for row in found if row[:2] == (policy, mode)} for mode in MODES)
        if not deterministic or deterministic != stochastic:
            raise UserError(f"{file}: must hold the same episodes of {policy} in both modes")


def _policies(
    params: Path,
    learner: str,
    one: DemonstrationSet,
    evaluation: pl.DataFrame,
    demonstrated: NDArray[np.float64],
    names: dict[str, str],
) -> pl.DataFrame:
    """Return the rows of one learner on one demonstration set."""
    env, algorithm = one.env, "gail" if learner == "gail-entropy" else learner
    random_returns = evaluation.filter(policy="random")["return"].to_numpy()
    random_return, expert_return = float(random_returns.mean()), float(demonstrated.mean())
    if not has_scale(random_returns, demonstrated):
        raise UserError(
            f"{env}: its expert's trajectories make {expert_return:,.1f}, no more than the random policy's "
            f"{random_return:,.1f} beyond sampling error, so that there is no scale for scores; train it longer"
        )
    standard_error = float(np.std(demonstrated, ddof=1)) / sqrt(len(demonstrated)) if len(demonstrated) > 1 else None
    expert = {mode: float(evaluation.filter(policy="expert", mode=mode)["return"].to_numpy().mean()) for mode in MODES}
    episodes = evaluation.filter(policy=learner)
    stochastic = episodes.filter(mode="stochastic").group_by("seed").agg(stochastic_return=pl.col("return").mean())
    policies = (
        episodes.filter(mode="deterministic")
        .group_by("seed")
        .agg(
            mean_return=pl.col("return").mean(),
            std_return=pl.col("return").std(ddof=0),
            episodes=pl.len().cast(pl.Int64),
        )
        .join(stochastic, on="seed")
    )
    causal_entropy = one.causal_entropy if isinstance(one, EntropySet) else 0.0
    return policies.select(
        task=pl.lit(names.get(env, env.split("-")[0].lower())),
        environment=pl.lit(env),
        algorithm=pl.lit(algorithm),
        entropy_coefficient=pl.lit(None if algorithm == "bc" else causal_entropy, pl.Float64),
        trajectories=pl.lit(one.trajs, pl.Int64),
        run=pl.col("seed"),
        mean_return="mean_return",
        std_return="std_return",
        episodes="episodes",
        stochastic_return="stochastic_return",
        expert_return=pl.lit(expert_return),
        random_return=pl.lit(random_return),
        normalized=normalized(pl.col("mean_return"), random_return, expert_return),
        env_steps=pl.lit(_env_steps(params, algorithm, env), pl.Int64),
        demonstrations=pl.lit(one.demonstrations),
        expert_standard_error=pl.lit(standard_error, pl.Float64),
        expert_deterministic_return=pl.lit(expert["deterministic"]),
        expert_stochastic_return=pl.lit(expert["stochastic"]),
        stochastic_normalized=normalized(pl.col("stochastic_return"), random_return, expert_return),
    )


def _env_steps(params: Path, algorithm: str, env: str) -> int:
    """Return the steps of the simulators that a run took."""
    learner = LEARNERS[algorithm]
    settings = load_section(params, learner.settings, learner.section, env)
    return settings.iterations * settings.num_steps * settings.num_envs if isinstance(settings, Training) else 0


def split(ours: pl.DataFrame, original: pl.DataFrame) -> Grid:
    """Return `gather`'s rows, and `OriginalResults.policies` beside them, by what is shown of them."""
    of_sampled = pl.col("demonstrations") == pl.col("environment")
    plain = pl.col("entropy_coefficient").fill_null(0.0) == 0  # BC has none
    sampled = ours.filter(of_sampled)
    varied = sampled.filter(~plain)["environment"].unique()
    studied = pl.col("environment").is_in(varied.implode()) & (pl.col("algorithm") == "gail")
    return Grid(
        Compared(sampled.filter(plain), original.filter(plain)),
        Compared(ours.filter(~of_sampled, plain), original.clear()),
        Compared(sampled.filter(studied), original.filter(studied)),
    )
