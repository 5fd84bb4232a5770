"""The whole of params.yaml and sets.yaml, and the checks that involve several sections."""

import re
from collections.abc import Mapping
from operator import attrgetter
from pathlib import Path
from typing import Any

from gailpipe.algorithms.catalogue import LEARNERS, sections
from gailpipe.algorithms.expert.settings import Expert
from gailpipe.demonstrations.settings import EveryImport, Import, Sample
from gailpipe.envs.settings import EnvSettings
from gailpipe.evaluation.settings import Evaluate, Occupancy
from gailpipe.films.settings import Film
from gailpipe.foundation.errors import UserError
from gailpipe.foundation.params import (
    Section,
    load_env,
    load_envs,
    load_section,
    load_seed,
    read_params,
    require_known,
)
from gailpipe.grid.sets import check_sets, has_sets, sets_beside
from gailpipe.report.settings import Report
from gailpipe.theory.settings import Theory
from gailpipe.training.settings import Imitator

SECTIONS_OF_AN_EXPERT: dict[str, type[Section]] = {"expert": Expert, "sample": Sample}
SECTIONS_OF_AN_ENV, OPTIONAL_SECTIONS_OF_AN_ENV = sections(optional=False), sections(optional=True)
COMMON_SECTIONS: dict[str, type[Section]] = {"evaluate": Evaluate, "film": Film, "report": Report}
COMMON_SECTIONS_WITHOUT_SETS: dict[str, type[Section]] = {
    "import": EveryImport,
    "occupancy": Occupancy,
    "theory": Theory,
}
ELSEWHERE = {
    "expert": "belongs in experts.{env}.expert",
    "sample": "belongs in experts.{env}.sample",
    "import": "belongs in recordings.{env}",
    "path": "belongs in recordings.{env}.path",
    "clip": "belongs in recordings.{env}.clip",
    "demonstrations": "are named elsewhere: add {env} to experts, or to recordings with the path of a file",
}
"""What somebody may look for below an environment, and where it is."""


def check_pipeline(path: Path) -> list[str]:
    """Check every key of params.yaml and of the sets.yaml beside it, and return the environments' names.

    Raises:
        UserError: Names the first key that is wrong, and what would be right.
    """
    document = read_params(path)
    sets = sets_beside(path)
    with_sets = has_sets(path)
    for key in ("recordings", *COMMON_SECTIONS_WITHOUT_SETS):
        if with_sets and key in document:
            raise UserError(f"{path}: {key}: belongs to pipelines without {sets.name}; remove it")
    common = COMMON_SECTIONS | ({} if with_sets else COMMON_SECTIONS_WITHOUT_SETS)
    needed_by_sets = OPTIONAL_SECTIONS_OF_AN_ENV if with_sets else ()
    sources = ("experts",) if with_sets else ("experts", "recordings")
    required = ["seed", *SECTIONS_OF_AN_EXPERT, *SECTIONS_OF_AN_ENV, *common, *needed_by_sets, *sources, "envs"]
    require_known(path, document, required, OPTIONAL_SECTIONS_OF_AN_ENV)
    load_seed(path)
    for section, model in common.items():
        load_section(path, model, section)
    envs = load_envs(path)
    if not envs:
        raise UserError(f"{path}: envs: names no environment; add one, such as CartPole-v1")
    optional = {name: model for name, model in OPTIONAL_SECTIONS_OF_AN_ENV.items() if name in document}
    learners = SECTIONS_OF_AN_ENV | optional
    for env in envs:
        _check_environment(path, env, document["envs"][env], learners)
    experts, recordings = (_mapping_of(path, key, document.get(key, {})) for key in ("experts", "recordings"))
    kept = _check_sources(path, envs, experts, recordings)
    for env, count in kept.items():
        _require_enough(path, env, count, learners)
    if with_sets:
        check_sets(sets, kept)
        for env in envs:
            _require_unvaried(path, env)
    return envs


def _check_sources(
    path: Path, envs: list[str], experts: Mapping[Any, Any], recordings: Mapping[Any, Any]
) -> dict[str, int]:
    """Check that each environment has demonstrations from one source.

    Returns:
        The number of trajectories that `sample` keeps of each environment with an expert.
    """
    for source, entries in (("experts", experts), ("recordings", recordings)):
        for env in entries:
            if env not in envs:
                raise UserError(f"{path}: {source}.{env}: is no key of envs; add {env} to envs, or remove it here")
    for env in envs:
        if env in experts and env in recordings:
            raise UserError(f"{path}: recordings.{env}: is in experts, too; remove it from one of them")
        if env not in experts and env not in recordings:
            raise UserError(f"{path}: envs.{env}: has no demonstrations; add {env} to experts, or to recordings")
    for env, entry in recordings.items():
        place = f"recordings.{env}"
        if "path" not in _mapping_of(path, place, entry):
            raise UserError(f"{path}: {place}.path: is missing; name the file that holds the recording")
        load_section(path, Import, "import", env)
    if not experts:
        for section, model in SECTIONS_OF_AN_EXPERT.items():
            load_section(path, model, section)
    kept = {}
    for env, entry in experts.items():
        require_known(path, _mapping_of(path, f"experts.{env}", entry), SECTIONS_OF_AN_EXPERT, (), f"experts.{env}.")
        load_section(path, Expert, "expert", env)
        kept[env] = load_section(path, Sample, "sample", env).trajs
    return kept


def _mapping_of(path: Path, place: str, value: Any) -> Mapping[Any, Any]:
    if not isinstance(value, Mapping):
        raise UserError(f"{path}: {place}: {value!r}: must be a mapping")
    return value


def _require_unvaried(path: Path, env: str) -> None:
    """Check that what the sets of a variant set is 0 everywhere else."""
    for learner in LEARNERS.values():
        if learner.varied:
            settings: Any = load_section(path, learner.settings, learner.section, env)
            value = attrgetter(learner.varied)(settings)
            if value:
                place = f"{path}: {learner.section}.{learner.varied}: {value} for {env}"
                raise UserError(f"{place}: must be 0; {learner.sets} alone have another")


def _check_environment(path: Path, env: object, entry: object, learners: dict[str, type[Imitator]]) -> None:
    """Check what an environment is, and the sections of those who learn in it."""
    if not isinstance(env, str) or not re.fullmatch(r"[\w-]+", env, re.ASCII):
        raise UserError(
            f"{path}: envs.{env}: must be a name of letters, digits, - and _; its `id` may be any of Gymnasium's"
        )
    if not isinstance(entry, Mapping):
        raise UserError(f"{path}: envs.{env}: {entry!r}: must be a mapping of {', '.join(learners)}")
    for key in entry:
        if key in ELSEWHERE:
            raise UserError(f"{path}: envs.{env}.{key}: {ELSEWHERE[key].format(env=env)}")
    optional = [*EnvSettings.model_fields, *OPTIONAL_SECTIONS_OF_AN_ENV]
    require_known(path, entry, learners, optional, f"envs.{env}.")
    load_env(path, EnvSettings, env)
    for name, model in (learners | OPTIONAL_SECTIONS_OF_AN_ENV).items():
        if name in entry:
            load_section(path, model, name, env)


def _require_enough(path: Path, env: str, kept: int, learners: Mapping[str, type[Imitator]]) -> None:
    """Check that none learns from more trajectories of an expert than are kept."""
    for learner, model in learners.items():
        trajs = load_section(path, model, learner, env).trajs
        if trajs > kept:
            raise UserError(
                f"{path}: {learner}.trajs: {trajs}, but sample.trajs keeps only {kept} trajectories for {env}"
            )
