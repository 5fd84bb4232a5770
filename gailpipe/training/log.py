"""The log of a run under way, for whoever watches: lines of JSON, and events for TensorBoard where it is installed.

No result depends on it, and nothing that learns reads it.
"""

import json
import sys
import time
from collections.abc import Sequence
from io import BytesIO
from math import nan
from pathlib import Path
from typing import Any, NamedTuple

from gailpipe.foundation.errors import UserError
from gailpipe.foundation.files import write_file
from gailpipe.training.checkpoint import Checkpoint, Metrics

EVENTS = "events.out.tfevents."  # how the names of TensorBoard's files begin


class Log:
    """Has the metrics that a run's checkpoint has, and each row since; lies beside the checkpoint, if that has a path.

    It is begun with the first row that a process adds, out of the checkpoint: so it has no step twice, and none that
    a killed process did in vain. Where it can't be written it ends, and the run goes on.

    Args:
        name: Of the run.
        steps: How many there will be.
        clock: The metric that counts them.
        checkpoint: Has each row before it is added here.
    """

    def __init__(self, name: str, steps: int, clock: str, checkpoint: Checkpoint) -> None:
        resumed = checkpoint.metrics[-1][clock] if checkpoint.metrics else 0
        self._heading = {"name": name, "steps": steps, "clock": clock, "resumed": resumed, "started": time.time()}
        self._checkpoint, self._clock = checkpoint, clock
        self._lines = checkpoint.path and checkpoint.path.with_suffix(".jsonl")
        self._events: Path | None = None
        self._begun = False

    def append(self, metrics: Metrics) -> None:
        """Add a row."""
        if self._lines is None:
            return
        try:
            if not self._begun:
                self._begin(self._lines)
                return
            with self._lines.open("a") as lines:
                lines.write(_line(metrics))
            if self._events is not None:
                with self._events.open("ab") as events:
                    events.write(_events([metrics], self._clock))
        except (OSError, UserError) as error:
            print(f"{self._heading['name']}: has no log any more, but goes on: {error}", file=sys.stderr, flush=True)
            self._lines = None

    def _begin(self, lines: Path) -> None:
        rows = self._checkpoint.metrics
        write_file(lines, "".join([_line(self._heading), *map(_line, rows)]).encode())
        for earlier in lines.parent.glob(f"{EVENTS}*"):
            earlier.write_bytes(b"")  # a TensorBoard that looks on would wait for a file that is gone
        events = _events(rows, self._clock, begin=True)
        if events:
            self._events = lines.with_name(f"{EVENTS}{time.time_ns()}")
            self._events.write_bytes(events)
        self._begun = True


class Logged(NamedTuple):
    """What the log of a run says."""

    name: str
    steps: int
    """How many there will be."""
    clock: str
    """The metric that counts them."""
    resumed: float
    """Steps that earlier processes did."""
    rows: list[Metrics]
    seconds: float
    """Since this process started, when the last row was written."""


def read_log(path: Path) -> Logged | None:
    """Read the log in `path`, to which a run may be adding a line; None if it says nothing yet, or has gone."""
    rows = list[dict[str, Any]]()
    try:
        lines, written = path.read_text(encoding="utf-8").splitlines(), path.stat().st_mtime
    except FileNotFoundError:
        return None
    for line in lines:
        try:
            rows.append({name: nan if value is None else value for name, value in json.loads(line).items()})
        except json.JSONDecodeError:  # it is being written, or the disk was full
            break
    if len(rows) < 2:
        return None
    started = rows[0].pop("started")
    return Logged(**rows[0], rows=rows[1:], seconds=written - started)


def _line(content: dict[str, Any]) -> str:
    numbers = {name: None if value != value else value for name, value in content.items()}  # JSON has no NaN
    return f"{json.dumps(numbers, allow_nan=False)}\n"


def _events(rows: Sequence[Metrics], clock: str, begin: bool = False) -> bytes:
    """Return rows as TensorBoard's records, of which the first may begin a file; no bytes where it can't be imported.

    The session that they begin starts at step 0: a TensorBoard that is looking on drops what it has read before.
    """
    try:
        from tensorboard.compat.proto.event_pb2 import Event, SessionLog
        from tensorboard.compat.proto.summary_pb2 import Summary
        from tensorboard.summary.writer.record_writer import RecordWriter
    except Exception as error:
        if not isinstance(error, ImportError):  # such as protobuf's, where it is of another version
            print(f"TensorBoard is installed, but can't be imported: {error}", file=sys.stderr, flush=True)
        return b""
    now, content = time.time(), BytesIO()
    records = RecordWriter(content)
    if begin:
        records.write(Event(wall_time=now, file_version="brain.Event:2").SerializeToString())
        session = SessionLog(status=SessionLog.START)
        records.write(Event(wall_time=now, session_log=session).SerializeToString())
    for row in rows:
        values = [Summary.Value(tag=name, simple_value=value) for name, value in row.items() if value == value]
        event = Event(wall_time=now, step=int(row[clock]), summary=Summary(value=values))
        records.write(event.SerializeToString())
    return content.getvalue()
