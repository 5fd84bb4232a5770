"""The whole of params.yaml and sets.yaml, and the checks that involve several sections."""

from operator import attrgetter
from pathlib import Path
from typing import Any

from gailpipe.algorithms.catalogue import LEARNERS, sections
from gailpipe.algorithms.expert.settings import Expert
from gailpipe.demonstrations.settings import Sample
from gailpipe.evaluation.settings import Evaluate, Occupancy
from gailpipe.films.settings import Film
from gailpipe.foundation.errors import UserError
from gailpipe.foundation.params import Section, load_envs, load_section, load_seed, read_params, require_known
from gailpipe.grid.sets import check_sets, has_sets, sets_beside
from gailpipe.report.settings import Report
from gailpipe.training.settings import Imitator

SECTIONS_OF_AN_ENV: dict[str, type[Section]] = {"expert": Expert, "sample": Sample, **sections(optional=False)}
OPTIONAL_SECTIONS_OF_AN_ENV = sections(optional=True)
COMMON_SECTIONS: dict[str, type[Section]] = {"evaluate": Evaluate, "film": Film, "report": Report}
COMMON_SECTIONS_WITHOUT_SETS: dict[str, type[Section]] = {"occupancy": Occupancy}


def check_pipeline(path: Path) -> list[str]:
    """Check every key of params.yaml and of the sets.yaml beside it, and return the environments' names.

    Raises:
        UserError: Names the first key that is wrong, and what would be right.
    """
    document = read_params(path)
    sets = sets_beside(path)
    with_sets = has_sets(path)
    if with_sets and "occupancy" in document:
        raise UserError(f"{path}: occupancy: belongs to pipelines without {sets.name}; remove it")
    common = COMMON_SECTIONS | ({} if with_sets else COMMON_SECTIONS_WITHOUT_SETS)
    needed_by_sets = OPTIONAL_SECTIONS_OF_AN_ENV if with_sets else ()
    required = ["seed", *SECTIONS_OF_AN_ENV, *common, *needed_by_sets, "envs"]
    require_known(path, document, required, OPTIONAL_SECTIONS_OF_AN_ENV)
    load_seed(path)
    for section, model in common.items():
        load_section(path, model, section)
    envs = load_envs(path)
    if not envs:
        raise UserError(f"{path}: envs: names no environment; add one, such as CartPole-v1")
    optional = {name: model for name, model in OPTIONAL_SECTIONS_OF_AN_ENV.items() if name in document}
    kept = {env: _check_environment(path, env, document["envs"][env], SECTIONS_OF_AN_ENV | optional) for env in envs}
    if with_sets:
        check_sets(sets, kept)
        for env in envs:
            _require_unvaried(path, env)
    return envs


def _require_unvaried(path: Path, env: str) -> None:
    """Check that what the sets of a variant set is 0 everywhere else."""
    for learner in LEARNERS.values():
        if learner.varied:
            settings: Any = load_section(path, learner.settings, learner.section, env)
            value = attrgetter(learner.varied)(settings)
            if value:
                place = f"{path}: {learner.section}.{learner.varied}: {value} for {env}"
                raise UserError(f"{place}: must be 0; {learner.sets} alone have another")


def _check_environment(path: Path, env: object, different: object, sections: dict[str, type[Section]]) -> int:
    """Check an environment's sections, and return the number of trajectories that `sample` keeps."""
    if not isinstance(env, str) or "/" in env or "." in env:
        raise UserError(f"{path}: envs.{env}: must be the Gymnasium id of an environment, without a slash or a dot")
    if not isinstance(different, dict):
        raise UserError(f"{path}: envs.{env}: must be a mapping of {', '.join(sections)}")
    require_known(path, different, sections, OPTIONAL_SECTIONS_OF_AN_ENV, f"envs.{env}.")
    settings = {
        name: load_section(path, model, name, env)
        for name, model in (sections | OPTIONAL_SECTIONS_OF_AN_ENV).items()
        if name in different
    }
    kept = load_section(path, Sample, "sample", env).trajs
    for learner, section in settings.items():
        if isinstance(section, Imitator) and section.trajs > kept:
            raise UserError(
                f"{path}: {learner}.trajs: {section.trajs}, but sample.trajs keeps only {kept} trajectories for {env}"
            )
    return kept
