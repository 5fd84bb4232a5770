"""Sets of demonstrations that a pipeline with several of them for each environment learns from: the paper's."""

import re
from pathlib import Path
from typing import Any

from pydantic import PositiveInt, ValidationError

from gailpipe.foundation.errors import UserError
from gailpipe.foundation.params import PositiveFloat, Section, describe, read_params, require_known


class WholeTrajectories(Section):
    """Trajectories that are sampled a second time, with all their steps."""

    trajs: PositiveInt


class DemonstrationSet(Section):
    """The first `trajs` trajectories of demonstrations: of an environment's sampled ones, ENV, or whole, ENV-full."""

    env: str
    demonstrations: str
    trajs: PositiveInt


class ClonedSet(DemonstrationSet):
    cloning_steps: PositiveInt
    seeds: PositiveInt


class EntropySet(DemonstrationSet):
    causal_entropy: PositiveFloat


SETS: dict[str, type[DemonstrationSet]] = {
    "sets": DemonstrationSet,  # for BC, FEM, GTAL and GAIL
    "cloned_sets": ClonedSet,  # for GAIL from a cloned policy
    "entropy_sets": EntropySet,
    "off_policy_sets": DemonstrationSet,  # for DAC
    "filmed_sets": DemonstrationSet,  # of `sets`: whose policies are filmed
}
BESIDE_SETS = {  # sections whose sets must be there, too
    "cloned_sets": "which learns from a random policy",
    "filmed_sets": "whose policies are filmed",
}
SECTIONS_OF_SETS = ["full", *SETS]


def sets_beside(params: Path) -> Path:
    """Return the file that names the sets; a pipeline without sets has none beside its params.yaml."""
    return params.with_name("sets.yaml")


def has_sets(params: Path) -> bool:
    """Tell whether a pipeline has several sets of demonstrations for an environment."""
    return sets_beside(params).exists()


def check_sets(path: Path, kept: dict[str, int]) -> None:
    """Check all of sets.yaml.

    Args:
        path: sets.yaml.
        kept: The number of trajectories that `sample` keeps of each environment.

    Raises:
        UserError: Names the first key that is wrong, and what would be right.
    """
    document = read_params(path)
    require_known(path, document, SECTIONS_OF_SETS)
    demonstrations = dict(kept)
    for env, whole in _models(path, document, "full", WholeTrajectories).items():
        _require_environment(f"{path}: full.{env}", env, kept)
        demonstrations[f"{env}-full"] = whole.trajs
    sets, keys = document["sets"], list(DemonstrationSet.model_fields)
    for section, model in SETS.items():
        names: dict[DemonstrationSet, str] = {}
        for name, one in _models(path, document, section, model).items():
            place = f"{path}: {section}.{name}"
            if not isinstance(name, str) or not re.fullmatch(r"[\w-]+", name, re.ASCII):
                raise UserError(f"{place}: must be a name of letters, digits, - and _")
            if names.setdefault(one, name) != name:
                raise UserError(f"{place}: is the same set as {names[one]}")
            _require_environment(f"{place}.env", one.env, kept)
            if one.demonstrations not in demonstrations or one.demonstrations.removesuffix("-full") != one.env:
                choice = f"{one.env}, or {one.env}-full if it is in full"
                raise UserError(f"{place}.demonstrations: {one.demonstrations}: must be {choice}")
            demonstrated = one.model_dump(include=set(keys))
            if section in BESIDE_SETS and sets.get(name) != demonstrated:
                raise UserError(f"{place}: must have {', '.join(keys)} as sets.{name}, {BESIDE_SETS[section]}")
            if section == "entropy_sets" and one.demonstrations != one.env:
                raise UserError(
                    f"{place}.demonstrations: {one.demonstrations}: must be {one.env}, sampled trajectories"
                )
            if section == "entropy_sets" and demonstrated not in sets.values():
                raise UserError(f"{place}: must have {', '.join(keys)} of one of `sets`, where λ is 0")
            if one.trajs > demonstrations[one.demonstrations]:
                raise UserError(
                    f"{place}.trajs: {one.trajs}, but only {demonstrations[one.demonstrations]} trajectories are kept"
                )
    studied = sorted({one["env"] for one in document["entropy_sets"].values()})
    if len(studied) > 1:
        raise UserError(f"{path}: entropy_sets: are of {', '.join(studied)}; λ is studied on one environment")


def load_sets(params: Path, section: str) -> dict[str, DemonstrationSet]:
    """Return the sets of a section of the sets.yaml beside params.yaml, by name.

    Raises:
        UserError: Names the first key that is wrong, and what would be right.
    """
    path = sets_beside(params)
    return _models(path, read_params(path), section, SETS[section])


def _models(path: Path, document: dict[str, Any], section: str, model: type[Section]) -> dict[str, Any]:
    """Return the section's entries as models."""
    entries = document.get(section, {})
    if not isinstance(entries, dict):
        raise UserError(f"{path}: {section}: must be a mapping")
    models = {}
    for name, entry in entries.items():
        try:
            models[name] = model.model_validate(entry)
        except ValidationError as error:
            details = error.errors()[0]
            keys = ".".join(map(str, (section, name, *details["loc"])))
            raise UserError(f"{path}: {keys}: {describe(details, model)}") from error
    return models


def _require_environment(place: str, env: str, known: dict[str, int]) -> None:
    if env not in known:
        raise UserError(f"{place}: {env}: is no key of envs")
