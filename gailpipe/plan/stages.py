"""The stages that would run, each with its reasons, and the seconds that it took last."""

import shlex
from argparse import ArgumentParser
from collections.abc import Iterator, Mapping, Sequence
from math import prod
from pathlib import Path
from typing import Any, NamedTuple

from dvc.repo import Repo

from gailpipe.foundation.errors import UserError
from gailpipe.foundation.params import read_section
from gailpipe.plan.stale import Stale, stale_stages

BUDGETS = ("env_steps", "steps", "episodes")  # a run takes time in proportion
SCALING = (*BUDGETS, "seeds")
SHOWN = 3  # reasons


class Planned(NamedTuple):
    """A stage that would run."""

    name: str
    reasons: str
    seconds: float | None
    """That it will take; None if nobody has measured it."""
    cores: int = 1
    """That it can use: one for each of its seeds."""
    upstream: tuple[str, ...] = ()
    """All stages that it depends on, directly or not."""
    stage: Any = None
    """Itself, as DVC has it: a `dvc.stage.Stage`."""


def planned_stages(repo: Repo, targets: Sequence[str], times: Mapping[str, Any], cores: int) -> list[Planned]:
    """Return the stages that `dvc repro` would run, in an order in which it could.

    Args:
        repo: Where it would.
        targets: Stages, or paths of dvc.yaml files.
        times: What is on record, by stage (`read_times`).
        cores: That there are.

    Raises:
        UserError: A target is neither a stage nor a dvc.yaml.
    """
    stale = stale_stages(repo, targets)
    names = {one.stage.addressing for one in stale}
    made = {out.def_path for one in stale for out in one.stage.outs}
    planned = []
    for one in stale:
        name = one.stage.addressing
        settings = _settings(one.stage.cmd)
        seconds = 0.0 if restored(one, names) else _seconds(times.get(name), settings, cores)
        reasons = _reasons(one, names, made)
        seeds = settings.get("seeds")
        used = max(seeds, 1) if isinstance(seeds, int) else 1
        planned.append(Planned(name, reasons, seconds, used, one.upstream, one.stage))
    return planned


def restored(stale: Stale, names: set[str]) -> bool:
    """Tell whether DVC only has to fetch a stage's outputs from its cache, since nothing else is missing."""
    only_deleted = all(
        isinstance(change, dict)
        and change.keys() == {"changed outs"}
        and {*change["changed outs"].values()} == {"deleted"}
        for change in stale.changes
    )
    return only_deleted and names.isdisjoint(stale.upstream)


def _reasons(stale: Stale, names: set[str], made: set[str]) -> str:
    found = list(dict.fromkeys(_changes(stale.changes, made)))
    if not found or found == ["no result"]:
        found += [f"after {stage}" for stage in stale.upstream if stage in names][-1:]
    more = f" and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    return ", ".join(found[:SHOWN]) + more


def _changes(changes: Sequence[Any], made: set[str]) -> Iterator[str]:
    """Yield the parameters, code and files that have changed, but for what another stage is about to make."""
    for change in changes:
        if isinstance(change, str):  # such as "changed command"
            yield change
            continue
        for path, state in change.get("changed deps", {}).items():
            if isinstance(state, dict):
                yield from state  # keys of params.yaml
            elif not any(path == out or path.startswith(f"{out}/") or out.startswith(f"{path}/") for out in made):
                yield path
        if change.get("changed outs"):
            yield "no result" if {*change["changed outs"].values()} & {"deleted", "not in cache"} else "its result"


def _seconds(measured: Mapping[str, Any] | None, now: Mapping[str, Any], cores: int) -> float | None:
    """Return what a stage took, in proportion to its budget, and to how many of its runs share a core."""
    if measured is None:
        return None
    then = measured["settings"]
    budgets = (_numbers(now, then, key) for key in BUDGETS)
    seeds, seeds_then = _numbers(now, then, "seeds")
    crowd = max(1.0, seeds / cores) / max(1.0, seeds_then / measured["cores"])
    return measured["seconds"] * prod(new / old for new, old in budgets) * crowd


def _numbers(now: Mapping[str, Any], then: Mapping[str, Any], key: str) -> tuple[float, float]:
    """Return a setting now and then; 1 and 1 where one of them is none: validation will say so."""
    new, old = now.get(key), then.get(key)
    if isinstance(new, int | float) and isinstance(old, int | float) and new > 0 and old > 0:
        return new, old
    return 1.0, 1.0


def _settings(command: object) -> dict[str, Any]:
    """Return the settings that a stage's command will load; none where it has no section."""
    words = shlex.split(command) if isinstance(command, str) else []
    if words[1:2] != ["-m"]:
        return {}
    _, _, module, *rest = words
    parser = ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--params", type=Path, default=Path("params.yaml"))
    parser.add_argument("--env")
    parser.add_argument("--set", action="append", default=[])
    arguments, _ = parser.parse_known_args(rest)
    try:
        return read_section(arguments.params, module.rpartition(".")[2], arguments.env, arguments.set)
    except UserError:
        return {}
