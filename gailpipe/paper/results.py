"""All that the paper's pipeline learned, one row for each policy, with the columns of the paper's own results."""

from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from gailpipe.evaluation.returns import SCHEMA
from gailpipe.evaluation.scores import normalized
from gailpipe.foundation.errors import UserError
from gailpipe.foundation.tables import read_table
from gailpipe.imitation.trajectories import mean_return
from gailpipe.params.base import load_section, read_params
from gailpipe.params.gail import Gail
from gailpipe.params.imitation import Imitation
from gailpipe.report.cells import require_cells


class Cells(NamedTuple):
    """A folder of evaluations, the section of params.yaml that names them, and who is evaluated in each."""

    folder: str
    sets: str
    learners: tuple[str, ...]


CELLS = (
    Cells("evaluate", "sets", ("bc", "gail")),
    Cells("evaluate-linear", "linear_sets", ("fem", "gtal")),
    Cells("evaluate-cloned", "cloned_sets", ("gail-bc",)),
    Cells("evaluate-entropy", "entropy_sets", ("gail-entropy",)),
)
STARTS = ("gail", "gail-bc")  # GAIL from a random, and from a cloned policy


def gather(params: Path, data: Path, names: dict[str, str]) -> pl.DataFrame:
    """Return a row for each learned policy.

    Args:
        params: The params.yaml that names all sets.
        data: What the pipeline made.
        names: The paper's name of each environment that it has.

    Raises:
        UserError: A section or a cell is missing, there is a cell that params.yaml does not name, or an expert is no
            better than the random policy, so that no score can be had.
    """
    document = read_params(params)
    for section in (*(cells.sets for cells in CELLS), "filmed_sets"):
        if section not in document:
            raise UserError(f"{params}: {section}: is missing; write `{section}: {{}}` if it has no entries")
    if not any(one["demonstrations"] == one["env"] for one in document["sets"].values()):
        raise UserError(f"{params}: sets: none learns from sampled trajectories; a report needs results of these")
    experts = {env: mean_return(data / "demonstrations" / f"{env}.parquet") for env in document["envs"]}
    tables = []
    for cells in CELLS:
        require_cells(data / cells.folder, document[cells.sets])
        for name, one in document[cells.sets].items():
            evaluation = read_table(data / cells.folder / f"{name}.parquet", SCHEMA)
            for learner in cells.learners:
                tables.append(_policies(params, learner, one, evaluation, experts[one["env"]], names))
    order = pl.Enum(list(document["envs"]))
    return pl.concat(tables).sort(
        pl.col("environment").cast(order),
        "demonstrations",
        "trajectories",
        "algorithm",
        "entropy_coefficient",
        "run",
    )


def _policies(
    params: Path,
    learner: str,
    one: dict[str, Any],
    evaluation: pl.DataFrame,
    expert_return: float,
    names: dict[str, str],
) -> pl.DataFrame:
    """Return the rows of one learner on one demonstration set, an entry of params.yaml."""
    env, algorithm = one["env"], "gail" if learner == "gail-entropy" else learner
    random_return = float(evaluation.filter(policy="random")["return"].to_numpy().mean())
    if expert_return <= random_return:
        raise UserError(
            f"{env}: its expert's trajectories make {expert_return:,.1f}, no more than the random policy's "
            f"{random_return:,.1f}, so that there is no scale for scores; train it longer"
        )
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
    section = "gail" if algorithm == "gail-bc" else algorithm
    return policies.select(
        task=pl.lit(names.get(env, env.split("-")[0].lower())),
        environment=pl.lit(env),
        algorithm=pl.lit(algorithm),
        entropy_coefficient=pl.lit(None if algorithm == "bc" else one.get("causal_entropy", 0.0), pl.Float64),
        trajectories=pl.lit(one["trajs"], pl.Int64),
        run=pl.col("seed"),
        mean_return="mean_return",
        std_return="std_return",
        episodes="episodes",
        stochastic_return="stochastic_return",
        expert_return=pl.lit(expert_return),
        random_return=pl.lit(random_return),
        normalized=normalized(pl.col("mean_return"), random_return, expert_return),
        env_steps=pl.lit(0 if algorithm == "bc" else _env_steps(params, section, env), pl.Int64),
        demonstrations=pl.lit(one["demonstrations"]),
    )


def _env_steps(params: Path, section: str, env: str) -> int:
    """Return the steps of the simulators that a run took."""
    settings: Imitation = load_section(params, Gail if section == "gail" else Imitation, section, env)
    return settings.iterations * settings.num_steps * settings.num_envs


def subsampled(policies: pl.DataFrame) -> pl.DataFrame:
    """Return the policies that learned from the sampled, not from whole, trajectories."""
    return policies.filter(pl.col("demonstrations") == pl.col("environment"))


def without_entropy(policies: pl.DataFrame) -> pl.DataFrame:
    """Return the policies of BC, and all with λ = 0."""
    return policies.filter(pl.col("entropy_coefficient").fill_null(0.0) == 0)


def studied_for_entropy(policies: pl.DataFrame, ours: pl.DataFrame) -> pl.DataFrame:
    """Return GAIL's policies of the environments on which `ours` has a λ above 0."""
    studied = ours.filter(pl.col("entropy_coefficient") > 0)["environment"].unique()
    return policies.filter(pl.col("environment").is_in(studied.implode()), algorithm="gail")
