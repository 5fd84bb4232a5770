"""`imitation` 1.0.1's GAIL, run in a virtual environment of its own, since it is pinned to old versions."""

import argparse
import json
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gailpipe.foundation.errors import UserError

SCRIPT = Path(__file__).with_name("imitation_gail.py")
REQUIREMENTS = Path(__file__).with_name("imitation-requirements.txt")


def peer_parser(name: str, description: str | None, params: Path) -> argparse.ArgumentParser:
    """Return a parser with --params, by default `params`, --out and --peer."""
    parser = argparse.ArgumentParser(prog=f"python -m benchmarks.{name}", description=description)
    parser.add_argument("--params", type=Path, default=params, help="default: %(default)s")
    parser.add_argument("--out", type=Path, default=Path("reports"), help="default: %(default)s")
    parser.add_argument(
        "--peer",
        type=Path,
        default=Path(".venv-imitation/bin/python"),
        help="Python that has `imitation`; default: %(default)s",
    )
    return parser


def require_peer(python: Path) -> None:
    """Check that there is the peer's virtual environment."""
    if not python.exists():
        raise UserError(f"--peer {python}: is missing; `make .venv-imitation/installed` makes it")


def run_peer(python: Path, *arguments: str) -> Iterator[dict[str, Any]]:
    """Yield what imitation_gail.py prints, one JSON object a line, while it runs.

    Raises:
        UserError: The script failed.
    """
    isolated = "-I"  # or its libraries' `import profile` would find ours
    command: list[str | Path] = [python, isolated, SCRIPT, *arguments]
    with (
        tempfile.TemporaryFile("w+") as errors,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True) as process,
    ):
        assert process.stdout is not None
        for line in process.stdout:
            yield json.loads(line)
        status = process.wait()
        errors.seek(0)
        lines = [f"status {status}", *errors.read().splitlines()]
    if status != 0:
        raise UserError(f"{SCRIPT.name} failed: {lines[-1]}")


def peer_speed(python: Path, seconds: float, environment: str) -> float:
    """Return its steps per second from a random policy: of all its rounds within `seconds` but the first."""
    first, *_, last = run_peer(python, environment, "--seconds", str(seconds))
    return (last["env_steps"] - first["env_steps"]) / (last["seconds"] - first["seconds"])
