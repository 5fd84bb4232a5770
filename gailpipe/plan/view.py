"""Which stages run where, which are done or failed, and how long the rest will take."""

import time
from collections.abc import Sequence

from rich.console import Console
from rich.live import Live
from rich.table import Table
from tqdm import tqdm

from gailpipe.plan.stages import Planned, guessed_seconds


class View:
    """Shows stages: a line for each event, and on a terminal below these, while `live`, those that run."""

    def __init__(self, planned: Sequence[Planned]) -> None:
        self._left = guessed_seconds(planned)
        self._running: dict[str, tuple[str, float]] = {}  # by stage: where, and since when
        self._done, self._failed, self._seconds_done, self._began = 0, 0, 0.0, time.monotonic()
        self._console = Console(stderr=True)
        self.live = Live(get_renderable=self._table, console=self._console, refresh_per_second=1, transient=True)

    def start(self, stage: str, where: str) -> None:
        """Note that `stage` runs, perhaps once more."""
        again = ", again, since the first was lost" if stage in self._running else ""
        self._running[stage] = (where, time.monotonic())
        self._say(f"{stage}: runs on {where}{again}")

    def finish(self, stage: str) -> None:
        """Note that `stage` is done; it has not started where its result was there already."""
        self._done, self._seconds_done = self._done + 1, self._seconds_done + self._left.pop(stage)
        took = "without a run"
        if stage in self._running:
            where, started = self._running.pop(stage)
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
        """Return a guess: the rest goes on as fast, beside its plan, as what is done."""
        seconds = sum(self._left.values())
        if not seconds or not self._seconds_done:
            return ""
        return f", about {tqdm.format_interval(seconds * (time.monotonic() - self._began) / self._seconds_done)} to go"

    def _table(self) -> Table:
        table = Table("running", "on", "for", box=None)
        for stage, (where, since) in list(self._running.items()):
            table.add_row(stage, where, tqdm.format_interval(time.monotonic() - since))
        return table

    def _say(self, line: str, style: str | None = None) -> None:
        self._console.print(line, style=style, markup=False, highlight=False, soft_wrap=True)
