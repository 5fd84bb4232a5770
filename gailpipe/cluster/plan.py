"""What is out of date, and what each stage must wait for."""

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import networkx as nx
from dvc.exceptions import DvcException
from dvc.repo import Repo
from dvc.stage import PipelineStage

from gailpipe.foundation.errors import UserError


@dataclass(frozen=True)
class Job:
    """A stage to run, and all stages that it depends on, directly or not, in an order in which they could run."""

    stage: str
    upstream: tuple[str, ...]


@dataclass(frozen=True)
class Stale:
    """A stage that is out of date."""

    stage: PipelineStage
    upstream: tuple[str, ...]
    """All stages that it depends on, directly or not, in an order in which they could run."""
    changes: list[Any]
    """What `dvc status` says of it; nothing where it only depends on stages that are out of date."""


@dataclass(frozen=True)
class Source:
    """What a worker clones, and where it finds and leaves results."""

    head: str  # the head's folder, a DVC repository
    repository: str
    folder: str  # where in the Git repository that DVC repository is
    commit: str
    remote: str  # the name of the DVC remote
    remote_path: str | None  # where it is, if it is a folder

    @property
    def topic(self) -> str:
        """Where workers tell this head, and no other on the same cluster, what they start."""
        return f"{self.head} {self.commit}"


def out_of_date(repo: Repo, targets: Sequence[str]) -> list[Job]:
    """Return a job for each stage of `targets` that is out of date or depends on one that is, dependencies first.

    Stages with outputs that Git tracks, such as reports, are left to the head: no DVC remote has these.

    Raises:
        UserError: A target is neither a stage nor a dvc.yaml.
    """
    stale = stale_stages(repo, targets)
    return [Job(one.stage.addressing, one.upstream) for one in stale if all(out.use_cache for out in one.stage.outs)]


def stale_stages(repo: Repo, targets: Sequence[str]) -> list[Stale]:
    """Return the stages of `targets` that are out of date or depend on one that is, dependencies first.

    Raises:
        UserError: A target is neither a stage nor a dvc.yaml.
    """
    try:
        wanted = {stage for target in targets for stage in repo.stage.collect(target)}
    except DvcException as error:
        raise UserError(f"{error}; give stages, or paths of dvc.yaml files") from error
    graph: nx.DiGraph = repo.index.graph  # from each stage to those that it depends on
    wanted |= {stage for one in wanted for stage in nx.descendants(graph, one)}
    order = [stage for stage in reversed(list(nx.topological_sort(graph))) if stage in wanted]
    changed = repo.status(targets=[stage.addressing for stage in order])
    found: dict[str, Stale] = {}
    for stage in order:
        below = nx.descendants(graph, stage)
        upstream = tuple(other.addressing for other in order if other in below)
        changes = changed.get(stage.addressing, [])
        if changes or not found.keys().isdisjoint(upstream):
            found[stage.addressing] = Stale(stage, upstream, changes)
    return list(found.values())


def find_source(repo: Repo, repository: str | None) -> Source:
    """Return what workers start from: the commit that is checked out, and nothing else.

    What an earlier run has left in the DVC remote is no change, if that is a folder of the repository.

    Args:
        repo: The head's.
        repository: What workers clone; by default the head's own, which suits workers that see its folder.

    Raises:
        UserError: There are changes that the commit lacks, or no DVC remote that workers could share.
    """
    root = Path(_git(Path(repo.root_dir), "rev-parse", "--show-toplevel").removesuffix("\n"))
    remote = repo.config["core"].get("remote")
    if remote is None:
        raise UserError("workers share results by a DVC remote; name one by `dvc remote add --default NAME URL`")
    url = repo.config["remote"][remote]["url"]
    path = None if "://" in url else url
    excluded = [f":(exclude){url}"] if path is not None and Path(path).is_relative_to(root) else []
    changes = _git(root, "status", "--porcelain", "--", ".", *excluded).splitlines()
    if changes:
        files = [line[3:] for line in changes]
        listed = ", ".join(files[:5]) + (f" and {len(files) - 5} more" if len(files) > 5 else "")
        raise UserError(f"workers run what is committed, but {listed} differ; commit, stash or remove that first")
    commit = _git(root, "rev-parse", "HEAD").strip()
    folder = Path(repo.root_dir).relative_to(root)
    return Source(repo.root_dir, repository or str(root), str(folder), commit, remote, path)


def _git(root: Path, *arguments: str) -> str:
    git = subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True)
    if git.returncode != 0:
        raise UserError(f"{root}: `git {' '.join(arguments)}` failed: {git.stderr.strip()}")
    return git.stdout
