"""The cells of a grid, each a learner's set of demonstrations, and what was evaluated of them."""

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import NamedTuple

import polars as pl

from gailpipe.algorithms.catalogue import LEARNERS
from gailpipe.evaluation.returns import MODES, read_returns
from gailpipe.foundation.errors import UserError
from gailpipe.foundation.params import load_envs, load_section, read_params
from gailpipe.grid.sets import DemonstrationSet, has_sets, load_sets


class Evaluation(NamedTuple):
    """The episodes (`returns.SCHEMA`) of a learner in one cell.

    Those of the random policy are there, too, and the expert's if there is one; others may be.
    """

    learner: str
    cell: str
    demonstrations: DemonstrationSet
    episodes: pl.DataFrame


def cells_of(params: Path, learner: str) -> dict[str, DemonstrationSet]:
    """Return by name what a learner learns from: the sets of its own, or each environment's demonstrations."""
    entry = LEARNERS[learner]
    if has_sets(params):
        return load_sets(params, entry.sets) if entry.sets else {}
    trajs = {env: load_section(params, entry.settings, entry.section, env).trajs for env in load_envs(params)}
    return {env: DemonstrationSet(env=env, demonstrations=env, trajs=count) for env, count in trajs.items()}


def read_evaluations(params: Path, folder: Path) -> list[Evaluation]:
    """Return all evaluations in `folder`/evaluate*/CELL.parquet.

    Those that lack the random policy have it, and the expert, from `folder`/references/ENV.parquet.

    Raises:
        UserError: One is missing, lacks episodes, or is of a cell or a learner that nothing names.
    """
    references = _read_references(params, folder / "references")
    evaluations = list[Evaluation]()
    for directory in sorted(folder.glob("evaluate*")):
        episodes = {path.stem: read_returns(path) for path in sorted(directory.glob("*.parquet"))}
        names = dict.fromkeys(name for table in episodes.values() for name in table["policy"])
        learners = [name for name in names if name not in ("random", "expert")]
        for unknown in set(learners) - set(LEARNERS):
            raise UserError(f"{directory}: holds policies of {unknown}, which the catalogue of learners lacks")
        for learner in learners:
            if any(learner == evaluation.learner for evaluation in evaluations):
                raise UserError(f"{directory}: holds {learner}'s policies, which another folder has, too: remove one")
            cells = cells_of(params, learner)
            require_cells(directory, cells)
            for cell, table in episodes.items():
                if "random" not in table["policy"] and cells[cell].env in references:
                    table = pl.concat([references[cells[cell].env], table])
                _require_modes(directory / f"{cell}.parquet", table, learners)
                evaluations.append(Evaluation(learner, cell, cells[cell], table))
    found = {evaluation.learner for evaluation in evaluations}
    document = read_params(params)
    for learner, entry in LEARNERS.items():
        asked = not entry.optional
        if entry.optional and entry.section in document:
            asked = bool(cells_of(params, learner)) if has_sets(params) else learner == entry.section
        if asked and learner not in found:
            raise UserError(f"{folder}: lacks evaluations of {learner}; its pipeline makes them")
    return evaluations


def _read_references(params: Path, folder: Path) -> dict[str, pl.DataFrame]:
    """Return the episodes of the random policy and the expert, by environment."""
    if not folder.exists():
        return {}
    envs = load_envs(params)
    require_cells(folder, envs)
    return {env: read_returns(folder / f"{env}.parquet") for env in envs}


def episodes_of(evaluations: Sequence[Evaluation], cell: str) -> pl.DataFrame:
    """Return the episodes of a cell, those of the expert and the random policy once."""
    tables = [evaluation.episodes for evaluation in evaluations if evaluation.cell == cell]
    return pl.concat(tables).unique(maintain_order=True)


def require_cells(directory: Path, names: Collection[str]) -> None:
    """Check that `directory` holds the results of `names`, and of no others.

    Raises:
        UserError: Names the first that is missing or too much.
    """
    if not directory.exists() and not names:
        return
    if not directory.is_dir():
        raise UserError(f"{directory}: is no directory; its pipeline makes it")
    found = {path.name.removesuffix(".parquet") for path in directory.iterdir() if path.name[0] != "."}
    for name in sorted(found - set(names)):
        raise UserError(f"{directory}: holds results of {name}, which no parameter names: remove them")
    for name in sorted(set(names) - found):
        raise UserError(f"{directory}: lacks results of {name}; its pipeline makes them")


def _require_modes(file: Path, evaluation: pl.DataFrame, learners: Sequence[str]) -> None:
    """Check that an evaluation has the random policy, and all others the same episodes in both modes."""
    found = evaluation.select("policy", "mode", "seed", "episode").rows()
    if not any(policy == "random" for policy, *_ in found):
        raise UserError(f"{file}: lacks the random policy")
    experts = [name for name in evaluation["policy"].unique() if name == "expert"]  # there may be none
    for policy in (*experts, *learners):
        deterministic, stochastic = ({row[2:] for row in found if row[:2] == (policy, mode)} for mode in MODES)
        if not deterministic or deterministic != stochastic:
            raise UserError(f"{file}: must hold the same episodes of {policy} in both modes")
