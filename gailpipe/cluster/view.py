"""Which stages run where, which are done or failed, and how long the rest will take: a table, or plain lines."""

import sys
import time
from collections.abc import Iterable
from types import TracebackType
from typing import Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from tqdm import tqdm


class View:
    """Shows `stages` on a terminal as a table that is kept up to date, elsewhere as a line for each event."""

    def __init__(self, stages: Iterable[str], num_workers: int) -> None:
        self._waiting = dict.fromkeys(stages)
        self._total, self._num_workers = len(self._waiting), num_workers
        self._running: dict[str, tuple[str, float]] = {}  # by stage: where, and since when
        self._seconds: list[float] = []  # of the stages that are done
        self._done: set[str] = set()
        self._failed: set[str] = set()
        self._console = Console(stderr=True)
        self._live = Live(get_renderable=self._table, console=self._console, refresh_per_second=1)

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._console.is_terminal:
            self._live.stop()

    def start(self, stage: str, worker: str) -> None:
        """Note that `stage` runs on `worker`, perhaps once more.

        Dask restarts a finished stage whose worker is lost: it comes out of the run-cache, and is not shown again. Nor
        is one that has failed: that it had started may be heard after that.
        """
        if stage in self._done | self._failed:
            return
        again = stage in self._running
        self._waiting.pop(stage, None)
        self._running[stage] = (worker, time.monotonic())
        self._say(f"{stage}: runs on worker {worker}{', again, since the first was lost' if again else ''}")

    def finish(self, stage: str) -> None:
        """Note that `stage` is done."""
        self._waiting.pop(stage, None)
        self._done.add(stage)
        worker, started = self._running.pop(stage, ("", time.monotonic()))
        self._seconds.append(time.monotonic() - started)
        took = tqdm.format_interval(self._seconds[-1])
        self._say(f"{stage}: done after {took} on worker {worker}; {self._summary()}")

    def fail(self, stage: str, reason: str) -> None:
        """Note that `stage` failed, or can't run."""
        self._waiting.pop(stage, None)
        self._running.pop(stage, None)
        self._failed.add(stage)
        self._console.print(f"{stage}: {reason}", style="red", markup=False, highlight=False, soft_wrap=True)

    def _summary(self) -> str:
        done, failures = len(self._done), len(self._failed)
        left = self._total - done - failures
        failed = f", {failures} failed" if failures else ""
        return f"{done} of {self._total} done{failed}, {len(self._running)} running, {left} left{self._time_left()}"

    def _time_left(self) -> str:
        """Return a guess: what the stages left would take if each took as long as the mean of those that are done."""
        if not self._seconds:
            return ""
        mean = sum(self._seconds) / len(self._seconds)
        now = time.monotonic()
        running = sum(max(mean - (now - since), 0.0) for _, since in list(self._running.values()))
        seconds = (running + mean * len(self._waiting)) / self._num_workers
        return f", about {tqdm.format_interval(seconds)} to go"

    def _table(self) -> RenderableType:
        table = Table("running", "worker", "for", box=None)
        for stage, (worker, since) in list(self._running.items()):
            table.add_row(stage, worker, tqdm.format_interval(time.monotonic() - since))
        return Group(table, self._summary())

    def _say(self, line: str) -> None:
        if not self._console.is_terminal:
            sys.stderr.write(f"{line}\n")  # at once, since events come on a thread of their own
            sys.stderr.flush()
