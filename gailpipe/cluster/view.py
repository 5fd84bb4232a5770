"""Which stages run where, which are done or failed, and how long the rest will take."""

import time
from collections.abc import Sequence

from rich.console import Console
from rich.live import Live
from rich.table import Table
from tqdm import tqdm

from gailpipe.cluster.order import guessed_seconds
from gailpipe.plan.stages import Planned

SECONDS_AS_PLANNED = 60.0  # count as run before any has: the first stages, if short, say little


class View:
    """Shows stages: a line for each event, and on a terminal below these, while `live`, those that run."""

    def __init__(self, planned: Sequence[Planned]) -> None:
        self._left = guessed_seconds(planned)
        self._running: dict[str, tuple[str, float]] = {}  # by stage: where, and since when
        self._done, self._failed, self._seconds_run, self._began = 0, 0, 0.0, time.monotonic()
        self._waits = False
        self._console = Console(stderr=True)
        self.live = Live(get_renderable=self._table, console=self._console, refresh_per_second=1, transient=True)

    def start(self, stage: str, where: str) -> None:
        """Note that `stage` runs."""
        self._running[stage] = (where, time.monotonic())
        self._waits = False
        self._say(f"{stage}: runs on {where}")

    def lose(self, stage: str, reason: str) -> None:
        """Note that `stage` has lost its place, and is to run elsewhere."""
        self._running.pop(stage, None)
        self._say(f"{stage}: {reason}; it runs again elsewhere", "yellow")

    def wait(self) -> None:
        """Note that there is no place for the rest."""
        if not self._waits:
            self._say("no worker is left that could run stages; start some", "yellow")
        self._waits = True

    def finish(self, stage: str) -> None:
        """Note that `stage` is done; it has not started where its result was there already."""
        planned, took = self._left.pop(stage), "without a run"
        self._done += 1
        if stage in self._running:
            where, started = self._running.pop(stage)
            self._seconds_run += planned
            took = f"after {tqdm.format_interval(time.monotonic() - started)} on {where}"
        running = len(self._running)
        failed = f", {self._failed} failed" if self._failed else ""
        of_all = f"{self._done} of {self._done + self._failed + len(self._left)} done{failed}"
        self._say(f"{stage}: done {took}; {of_all}, {running} running, {len(self._left) - running} left{self._to_go()}")

    def fail(self, stage: str, reason: str, below: Sequence[str]) -> None:
        """Note that `stage` failed, and that those `below` it can't run."""
        self._running.pop(stage, None)
        for name in (stage, *below):
            del self._left[name]
            self._failed += 1
            said = reason if name == stage else f"can't run, since {stage} failed"
            self._say(f"{name}: {said}", "red")

    def _to_go(self) -> str:
        """Return a guess: the rest goes on as fast, beside its plan, as what has run."""
        seconds = sum(self._left.values())
        if not seconds or not self._seconds_run:
            return ""
        took = SECONDS_AS_PLANNED + time.monotonic() - self._began
        return f", about {tqdm.format_interval(seconds * took / (SECONDS_AS_PLANNED + self._seconds_run))} to go"

    def _table(self) -> Table:
        table = Table("running", "on", "for", box=None)
        for stage, (where, since) in list(self._running.items()):
            table.add_row(stage, where, tqdm.format_interval(time.monotonic() - since))
        return table

    def _say(self, line: str, style: str | None = None) -> None:
        self._console.print(line, style=style, markup=False, highlight=False, soft_wrap=True)
