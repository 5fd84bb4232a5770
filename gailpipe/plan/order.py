"""Which stages start when, and on which cores."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from gailpipe.plan.stages import Planned, guessed_seconds


class Job(NamedTuple):
    """A stage that runs."""

    planned: Planned
    place: str
    cores: tuple[int, ...]
    """That it has for itself."""
    idle: tuple[int, ...]
    """Others of its place that nobody had when it started."""


def by_urgency(planned: Sequence[Planned]) -> list[Planned]:
    """Return stages by the time that they and the longest chain behind them take, the longest first."""
    alone, takes = guessed_seconds(planned), dict[str, float]()
    for place, stage in reversed(list(enumerate(planned))):
        behind = (takes[later.name] for later in planned[place + 1 :] if stage.name in later.upstream)
        takes[stage.name] = alone[stage.name] + max(behind, default=0.0)
    return sorted(planned, key=lambda stage: takes[stage.name], reverse=True)


def assign(ready: Sequence[Planned], places: Mapping[str, Sequence[int]], running: Iterable[Job]) -> list[Job]:
    """Return those of the stages that start now.

    Each gets as many cores as it uses, at most all of the largest place, where most are free. A smaller stage may
    start before a larger one for which there is no room.
    """
    taken = {(job.place, core) for job in running for core in job.cores}
    free = {place: [core for core in cores if (place, core) not in taken] for place, cores in places.items()}
    largest = max(map(len, places.values()), default=0)
    found: list[tuple[Planned, str, tuple[int, ...]]] = []
    for stage in ready:
        place = max(free, key=lambda place: len(free[place]), default="")
        cores = min(stage.cores, largest)
        if 0 < cores <= len(free.get(place, [])):
            found.append((stage, place, tuple(free[place][:cores])))
            del free[place][:cores]
    return [Job(stage, place, cores, tuple(free[place])) for stage, place, cores in found]
