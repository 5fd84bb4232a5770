"""Commands on a leash, a pipe: they end when who holds the other end lets go or ends, however that happens."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from select import select

LINES_OF_A_LOG = 20
SECONDS_BETWEEN_LOOKS = 0.1


class StageFailedError(Exception):
    """A stage failed; says why."""


class PlaceLostError(StageFailedError):
    """The place where a stage ran is lost; another may do."""


def run_commands(commands: Iterable[str], leash: int, folder: str, environment: Mapping[str, str], log: Path) -> None:
    """Run commands of the shell to their end, one after another, with this Python in their path.

    Raises:
        StageFailedError: One failed; has the last lines of what it printed.
    """
    leashed = (sys.executable, "-IS", __file__, os.environ.get("SHELL") or "/bin/sh", "-c")
    path = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    with log.open("wb") as output:
        for command in commands:
            status = subprocess.call(
                [*leashed, command],
                stdin=leash,
                stdout=output,
                stderr=output,
                cwd=folder,
                env={**environment, "PATH": path},
                start_new_session=True,  # so that Ctrl-C is for who holds the leash
            )
            if status != 0:
                lines = log.read_text(errors="replace").splitlines()[-LINES_OF_A_LOG:]
                raise StageFailedError("\n".join([f"`{command}` ended with status {status}:", *lines]))


def main() -> int:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    command = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL, start_new_session=True)
    try:
        while command.poll() is None and not select([sys.stdin], [], [], SECONDS_BETWEEN_LOOKS)[0]:
            pass
    finally:
        with suppress(ProcessLookupError):
            os.killpg(command.pid, signal.SIGTERM)
        command.wait()
    return command.returncode


if __name__ == "__main__":
    sys.exit(main())
