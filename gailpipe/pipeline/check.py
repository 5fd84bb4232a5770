"""The whole of params.yaml and sets.yaml, and the checks that involve several sections."""

from pathlib import Path

from gailpipe.algorithms.catalogue import sections
from gailpipe.algorithms.expert.settings import Expert
from gailpipe.algorithms.gail.settings import Gail
from gailpipe.demonstrations.settings import Sample
from gailpipe.evaluation.settings import Evaluate, Visits
from gailpipe.films.settings import Film
from gailpipe.foundation.errors import UserError
from gailpipe.foundation.params import Section, load_section, load_seed, load_tasks, read_params, require_known
from gailpipe.grid.sets import check_sets, sets_beside
from gailpipe.report.settings import Report
from gailpipe.training.settings import Imitator

SECTIONS_OF_A_TASK: dict[str, type[Section]] = {"expert": Expert, "sample": Sample, **sections(optional=False)}
OPTIONAL_SECTIONS_OF_A_TASK: dict[str, type[Section]] = {**sections(optional=True)}
COMMON_SECTIONS: dict[str, type[Section]] = {"evaluate": Evaluate, "film": Film, "report": Report}
COMMON_SECTIONS_WITHOUT_SETS: dict[str, type[Section]] = {"visits": Visits}


def check_pipeline(path: Path) -> list[str]:
    """Check every key of params.yaml, for every task, and of the sets.yaml beside it, and return the tasks.

    Raises:
        UserError: Names the first key that is wrong, and what would be right.
    """
    document = read_params(path)
    sets = sets_beside(path)
    with_sets = sets.exists()
    if with_sets and "visits" in document:
        raise UserError(f"{path}: visits: belongs to pipelines without {sets.name}; remove it")
    common = COMMON_SECTIONS | ({} if with_sets else COMMON_SECTIONS_WITHOUT_SETS)
    needed_by_sets = OPTIONAL_SECTIONS_OF_A_TASK if with_sets else ()
    required = ["seed", *SECTIONS_OF_A_TASK, *common, *needed_by_sets, "envs"]
    require_known(path, document, required, OPTIONAL_SECTIONS_OF_A_TASK)
    load_seed(path)
    for section, model in common.items():
        load_section(path, model, section)
    tasks = load_tasks(path)
    if not tasks:
        raise UserError(f"{path}: envs: names no task; add one, such as CartPole-v1")
    optional = {name: model for name, model in OPTIONAL_SECTIONS_OF_A_TASK.items() if name in document}
    kept = {task: _check_task(path, task, document["envs"][task], SECTIONS_OF_A_TASK | optional) for task in tasks}
    if with_sets:
        check_sets(sets, kept)
        for task in tasks:
            _require_plain_gail(path, task)
    return tasks


def _require_plain_gail(path: Path, task: str) -> None:
    """Check that GAIL has neither λ nor cloning but where a set has."""
    gail = load_section(path, Gail, "gail", task)
    for key, value, sets in (
        ("causal_entropy", gail.causal_entropy, "entropy_sets"),
        ("cloning.steps", gail.cloning.steps, "cloned_sets"),
    ):
        if value:
            raise UserError(f"{path}: gail.{key}: {value} for {task}: must be 0; {sets} alone have another")


def _check_task(path: Path, task: object, different: object, sections: dict[str, type[Section]]) -> int:
    """Check a task's sections, and return the number of trajectories that `sample` keeps."""
    if not isinstance(task, str) or "/" in task or "." in task:
        raise UserError(f"{path}: envs.{task}: must be the Gymnasium id of a task, without a slash or a dot")
    if not isinstance(different, dict):
        raise UserError(f"{path}: envs.{task}: must be a mapping of {', '.join(sections)}")
    require_known(path, different, sections, OPTIONAL_SECTIONS_OF_A_TASK, f"envs.{task}.")
    settings = {
        name: load_section(path, model, name, task)
        for name, model in (sections | OPTIONAL_SECTIONS_OF_A_TASK).items()
        if name in different
    }
    kept = load_section(path, Sample, "sample", task).trajs
    for learner, section in settings.items():
        if isinstance(section, Imitator) and section.trajs > kept:
            raise UserError(
                f"{path}: {learner}.trajs: {section.trajs}, but sample.trajs keeps only {kept} trajectories for {task}"
            )
    return kept
