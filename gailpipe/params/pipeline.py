"""The whole of params.yaml, and the checks that involve several sections."""

from pathlib import Path

from gailpipe.foundation.errors import UserError
from gailpipe.params.base import Section, load_section, load_seed, load_tasks, read_params, require_known
from gailpipe.params.cloning import Bc
from gailpipe.params.evaluate import Evaluate
from gailpipe.params.expert import Expert
from gailpipe.params.film import Film
from gailpipe.params.gail import Gail
from gailpipe.params.imitation import Imitation
from gailpipe.params.report import Report
from gailpipe.params.sample import Sample
from gailpipe.params.sets import SECTIONS_OF_SETS, check_sets
from gailpipe.params.visits import Visits

SECTIONS_OF_A_TASK: dict[str, type[Section]] = {"expert": Expert, "sample": Sample, "bc": Bc, "gail": Gail}
OPTIONAL_SECTIONS_OF_A_TASK: dict[str, type[Section]] = {"fem": Imitation, "gtal": Imitation}
COMMON_SECTIONS: dict[str, type[Section]] = {"evaluate": Evaluate, "visits": Visits, "film": Film, "report": Report}


def check_pipeline(path: Path) -> list[str]:
    """Check every key of params.yaml, for every task, and return the tasks.

    Raises:
        UserError: Names the first key that is wrong, and what would be right.
    """
    document = read_params(path)
    optional = {name: model for name, model in OPTIONAL_SECTIONS_OF_A_TASK.items() if name in document}
    sections = SECTIONS_OF_A_TASK | optional
    required = ["seed", *SECTIONS_OF_A_TASK, *COMMON_SECTIONS, "envs"]
    require_known(path, document, required, [*OPTIONAL_SECTIONS_OF_A_TASK, *SECTIONS_OF_SETS])
    load_seed(path)
    for section, model in COMMON_SECTIONS.items():
        load_section(path, model, section)
    tasks = load_tasks(path)
    if not tasks:
        raise UserError(f"{path}: envs: names no task; add one, such as CartPole-v1")
    kept = {task: _check_task(path, task, document["envs"][task], sections) for task in tasks}
    for learner in OPTIONAL_SECTIONS_OF_A_TASK:
        if "linear_sets" in document and learner not in document:
            raise UserError(f"{path}: {learner}: is missing; it learns from each of `linear_sets`")
    check_sets(path, document, kept)
    for task in tasks if "entropy_sets" in document else ():
        if weight := load_section(path, Gail, "gail", task).causal_entropy:
            raise UserError(f"{path}: gail.causal_entropy: {weight} for {task}: must be 0; entropy_sets alone have λ")
    return tasks


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
        if isinstance(section, Bc | Imitation) and section.trajs > kept:
            raise UserError(
                f"{path}: {learner}.trajs: {section.trajs}, but sample.trajs keeps only {kept} trajectories for {task}"
            )
    return kept
