"""Commands on a leash, a pipe: they end when who holds the other end lets go or ends, however that happens."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from select import select

LINES_OF_A_LOG = 20
SECONDS_BETWEEN_LOOKS = 0.1
SECONDS_TO_END = 10  # before whatever does not is killed


class StageFailedError(Exception):
    """A stage failed; says why."""


class PlaceLostError(StageFailedError):
    """The place where a stage ran is lost; another may do."""


def run_commands(
    commands: Iterable[str],
    leash: int,
    folder: str,
    environment: Mapping[str, str],
    log: Path,
    shell: Sequence[str] = ("/bin/sh",),
) -> None:
    """Run commands of a shell to their end, one after another, with this Python in their path.

    Raises:
        StageFailedError: One failed; has the last lines of what it printed.
    """
    leashed = (sys.executable, "-IS", __file__, *shell, "-c")
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
    ends: list[int] = []
    for ending in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ending, lambda number, _: ends.append(number))
    command = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL, start_new_session=True)
    while command.poll() is None and not ends and not select([sys.stdin], [], [], SECONDS_BETWEEN_LOOKS)[0]:
        pass
    end_group(command)
    return 128 + ends[0] if ends else command.returncode


def end_group(command: subprocess.Popen[bytes]) -> None:
    """End a command and all that it has started, and wait until they have ended."""
    with suppress(ProcessLookupError, PermissionError):  # macOS denies what Linux does not find
        os.killpg(command.pid, signal.SIGTERM)
        patience_ends = time.monotonic() + SECONDS_TO_END
        while time.monotonic() < patience_ends:
            command.poll()
            os.killpg(command.pid, 0)
            time.sleep(SECONDS_BETWEEN_LOOKS)
        os.killpg(command.pid, signal.SIGKILL)
    command.wait()


if __name__ == "__main__":
    sys.exit(main())
