"""Which stages start when, and on which cores."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from gailpipe.plan.stages import Planned


class Job(NamedTuple):
    """A stage that runs."""

    planned: Planned
    place: str
    cores: tuple[int, ...]
    """That nobody else had when it started."""
    shared: tuple[int, ...]
    """Others of its place that it may use, too."""

    @property
    def commands(self) -> list[str]:
        """Those that DVC gives to a shell, one after another."""
        commands = self.planned.stage.cmd
        return commands if isinstance(commands, list) else commands.splitlines()


def guessed_seconds(planned: Sequence[Planned]) -> dict[str, float]:
    """Return by name how long each stage takes; what nobody has timed counts as the mean of the others."""
    known = [stage.seconds for stage in planned if stage.seconds is not None]
    mean = sum(known) / len(known) if known else 1.0
    return {stage.name: mean if stage.seconds is None else stage.seconds for stage in planned}


def by_urgency(planned: Sequence[Planned]) -> list[Planned]:
    """Return stages by the time that they and the longest chain behind them take, the longest first."""
    alone, takes = guessed_seconds(planned), dict[str, float]()
    for place, stage in reversed(list(enumerate(planned))):
        behind = (takes[later.name] for later in planned[place + 1 :] if stage.name in later.upstream)
        takes[stage.name] = alone[stage.name] + max(behind, default=0.0)
    return sorted(planned, key=lambda stage: takes[stage.name], reverse=True)


def assign(ready: Sequence[Planned], places: Mapping[str, Sequence[int]], running: Iterable[Job]) -> list[Job]:
    """Return those of the stages that start now, the first ones of `ready`.

    Each starts where most cores are free, and gets as many as it uses. It may also use those that nobody wants. If it
    finds fewer than it uses it does not wait: it may use all of the place, and shares them with others.
    """
    taken = {(job.place, core) for job in running for core in job.cores}
    free = {place: [core for core in cores if (place, core) not in taken] for place, cores in places.items()}
    found: list[tuple[Planned, str, tuple[int, ...]]] = []
    for stage in ready:
        place = max(free, key=lambda place: len(free[place]), default="")
        if not free.get(place):
            break
        found.append((stage, place, tuple(free[place][: stage.cores])))
        del free[place][: stage.cores]
    return [
        Job(stage, place, cores, tuple(core for core in shared if core not in cores))
        for stage, place, cores in found
        for shared in [free[place] if len(cores) == stage.cores else places[place]]
    ]
