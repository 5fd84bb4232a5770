"""How long each stage took when it last ran from its start to its end: on record where DVC keeps what Git need not."""

import argparse
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from gailpipe.foundation.errors import UserError
from gailpipe.foundation.files import write_file
from gailpipe.foundation.params import read_section
from gailpipe.foundation.processes import available_cores, processor

RECORDS = Path(".dvc", "tmp", "times")  # in a DVC repository
BEGUN = ".begun"


@contextmanager
def timed(section: str, arguments: argparse.Namespace) -> Iterator[None]:
    """Put on record how many seconds the block takes, if DVC runs it as a stage.

    It does not if the block before it at the same stage did not end: this one may go on where that was.

    Args:
        section: Of params.yaml, which holds the stage's settings.
        arguments: The stage's.
    """
    stage = os.environ.get("DVC_STAGE")
    if stage is None:
        yield
        return
    record = Path(os.environ["DVC_ROOT"]) / record_of(stage)
    begun = record.with_suffix(BEGUN)
    goes_on, started = begun.exists(), time.monotonic()
    with suppress(UserError):
        write_file(begun, b"")
    yield
    seconds = round(time.monotonic() - started, 1)
    with suppress(OSError, UserError):
        if not goes_on:
            measured = {"seconds": seconds, "processor": processor(), "cores": available_cores()}
            write_file(record, json.dumps(measured | {"settings": _settings(section, arguments)}).encode())
        begun.unlink()


def record_of(stage: str) -> Path:
    """Return where in a DVC repository a stage's time is on record."""
    return RECORDS / f"{quote(stage, safe='')}.json"


def read_times(root: Path) -> dict[str, dict[str, Any]]:
    """Return what is on record in the DVC repository at `root`, by stage."""
    return {unquote(path.stem): json.loads(path.read_bytes()) for path in sorted((root / RECORDS).glob("*.json"))}


def _settings(section: str, arguments: argparse.Namespace) -> dict[str, Any]:
    """Return the settings that the stage had; none where it has no section."""
    try:
        return read_section(arguments.params, section, getattr(arguments, "env", None), getattr(arguments, "set", []))
    except UserError:
        return {}
