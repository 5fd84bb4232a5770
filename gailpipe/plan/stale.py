"""What is out of date, and what each stage must wait for."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import networkx as nx
from dvc.dependency import param
from dvc.exceptions import DvcException
from dvc.fs import FileSystem
from dvc.repo import Repo
from dvc.stage import Stage

from gailpipe.foundation.errors import UserError
from gailpipe.review.rwlock import mend, named_lock


@dataclass(frozen=True)
class Stale:
    """A stage that is out of date."""

    stage: Stage
    upstream: tuple[str, ...]
    """All stages that it depends on, directly or not, in an order in which they could run."""
    changes: list[Any]
    """What `dvc status` says of it; nothing where it only depends on stages that are out of date."""


def stale_stages(repo: Repo, targets: Sequence[str]) -> list[Stale]:
    """Return the stages of `targets` that are out of date or depend on one that is, dependencies first.

    Raises:
        UserError: A target is neither a stage nor a dvc.yaml, one of these is wrong, or another DVC command is at work.
    """
    mend(Path(os.path.relpath(repo.root_dir)))
    try:
        graph: nx.DiGraph = repo.index.graph  # from each stage to those that it depends on
    except DvcException as error:
        raise UserError(str(error)) from error
    try:
        wanted = {stage for target in targets for stage in repo.stage.collect(target)}
    except DvcException as error:
        raise UserError(f"{error}; give stages, or paths of dvc.yaml files") from error
    wanted |= {stage for one in wanted for stage in nx.descendants(graph, one)}
    order = [stage for stage in reversed(list(nx.topological_sort(graph))) if stage in wanted]
    with named_lock(), repo.lock, parsed_once():  # `repo.status` loads dvc.yaml once more for each of its targets
        changed = {name: changes for stage in order for name, changes in stage.status().items()}
    found: dict[str, Stale] = {}
    for stage in order:
        below = nx.descendants(graph, stage)
        upstream = tuple(other.addressing for other in order if other in below)
        changes = changed.get(stage.addressing, [])
        if changes or not found.keys().isdisjoint(upstream):
            found[stage.addressing] = Stale(stage, upstream, changes)
    return list(found.values())


@contextmanager
def parsed_once() -> Iterator[None]:
    """Let DVC parse each version of params.yaml once. Running a stage takes six times, a third of all DVC's work."""
    parse, parsed = param.load_path, dict[tuple[str, int], Any]()

    def load_path(path: str, fs: FileSystem) -> Any:
        version = (path, Path(path).stat().st_mtime_ns)
        if version not in parsed:
            parsed[version] = parse(path, fs)
        return deepcopy(parsed[version])

    param.load_path = load_path
    try:
        yield
    finally:
        param.load_path = parse
