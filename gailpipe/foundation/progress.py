"""How far a long computation is: a bar on a terminal, plain lines elsewhere."""

import sys
import time
from collections.abc import Mapping
from types import TracebackType

from tqdm import tqdm

SECONDS_BETWEEN_LINES = 10.0


class Progress:
    """Steps done of `total`, steps per second, time left, and the latest metrics.

    Several runs show theirs side by side: `position` is the line of this one.
    """

    def __init__(self, name: str, total: int, unit: str = "steps", position: int = 0) -> None:
        self._terminal = sys.stderr.isatty()
        self._bar = tqdm(
            total=total,
            desc=name,
            unit=unit,
            unit_scale=True,
            position=position,
            dynamic_ncols=True,
            disable=None,
            leave=True,
        )
        self._name, self._total, self._unit = name, total, unit
        self._done, self._resumed, self._started, self._printed = 0, 0, time.monotonic(), time.monotonic()

    def __enter__(self) -> "Progress":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._bar.close()

    def resume(self, steps: int) -> None:
        """Start from `steps`, which an earlier process did."""
        self._done = self._resumed = self._bar.n = self._bar.initial = steps
        if not self._terminal:
            print(f"{self._name}: resumes after {steps:,} of {self._total:,} {self._unit}", file=sys.stderr, flush=True)

    def advance(self, steps: int, metrics: Mapping[str, float]) -> None:
        """Count `steps` more, and show `metrics`."""
        self._done = min(self._done + steps, self._total)
        if self._terminal:
            self._bar.set_postfix({name: f"{value:.4g}" for name, value in metrics.items()}, refresh=False)
            self._bar.update(self._done - self._bar.n)
            return
        now = time.monotonic()
        if now - self._printed >= SECONDS_BETWEEN_LINES or self._done == self._total:
            self._printed = now
            print(self._line(now - self._started, metrics), file=sys.stderr, flush=True)

    def _line(self, seconds: float, metrics: Mapping[str, float]) -> str:
        speed = (self._done - self._resumed) / max(seconds, 1e-9)
        left = tqdm.format_interval((self._total - self._done) / max(speed, 1e-9))
        shown = "  ".join(f"{name} {value:.4g}" for name, value in metrics.items())
        return (
            f"{self._name}: {self._done:,} of {self._total:,} {self._unit}"
            f"  {speed:,.0f} {self._unit}/s  {left} left  {shown}"
        )
