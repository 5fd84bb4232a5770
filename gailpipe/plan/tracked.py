"""The times that travel with the repository, where Git tracks them."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gailpipe.foundation.errors import UserError
from gailpipe.foundation.files import write_file
from gailpipe.plan.stages import SCALING

TRACKED = Path("stage-times.json")


def read_tracked() -> dict[str, Any]:
    """Read stage-times.json; it is empty where there is none.

    Raises:
        UserError: It does not hold times by stage.
    """
    restore = f"`git checkout {TRACKED}` restores it"
    try:
        times = json.loads(TRACKED.read_bytes())
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise UserError(f"{TRACKED}: is not valid JSON: {error}; {restore}") from error
    if not isinstance(times, dict):
        raise UserError(f"{TRACKED}: must be a mapping, of stages to times; {restore}")
    return times


def record(times: Mapping[str, Any]) -> None:
    """Write `times` to stage-times.json, with those settings alone that scale them."""
    lean = {
        stage: {**time, "settings": {key: value for key, value in time["settings"].items() if key in SCALING}}
        for stage, time in sorted(times.items())
    }
    lines = ",\n".join(f" {json.dumps(stage)}: {json.dumps(time)}" for stage, time in lean.items())
    write_file(TRACKED, f"{{\n{lines}\n}}\n".encode())
