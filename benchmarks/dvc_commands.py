"""Print the CPU seconds of DVC's commands where nothing is out of date, as a table in Markdown: of three, the median.

They grow with the number of stages in a DVC repository, which is why the paper's pipeline has one of its own.
"""

import argparse
import resource
import statistics
import subprocess
import sys
from collections.abc import Mapping

from dvc.repo import Repo

from gailpipe.foundation.command import run
from gailpipe.foundation.errors import UserError
from gailpipe.plan.stale import stale_stages
from gailpipe.report.tables import table

COMMANDS = ("repro", "status", "exp show --only-changed", "--cd paper status")
TIMES = 3


def main(_: argparse.Namespace) -> None:
    require_nothing_to_run()
    print(commands_table(measure_commands()))


def require_nothing_to_run() -> None:
    """Check that DVC's commands would run no stage.

    Raises:
        UserError: They would.
    """
    with Repo() as repo:
        stale = stale_stages(repo, ["dvc.yaml"])
    if stale:
        raise UserError("`make repro` first, so that none of its stages is measured")


def measure_commands() -> dict[str, float]:
    """Return the CPU seconds of each command."""
    return {command: cpu_seconds(command) for command in COMMANDS}


def commands_table(seconds: Mapping[str, float]) -> str:
    rows = [{"command": f"`dvc {command}`", "CPU seconds": f"{took:.2f}"} for command, took in seconds.items()]
    return table(rows, labels=1)


def cpu_seconds(command: str) -> float:
    """Return the median of what the processes of a DVC command take, of users and of the system."""
    seconds = []
    for _ in range(TIMES):
        before = _children()
        run_dvc(command)
        seconds.append(_children() - before)
    return statistics.median(seconds)


def run_dvc(command: str) -> None:
    """Run a DVC command."""
    process = subprocess.run([sys.executable, "-m", "dvc", *command.split()], capture_output=True, text=True)
    if process.returncode != 0:
        raise UserError(f"`dvc {command}` failed: {process.stderr.strip()}")


def _children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    run(main, argparse.ArgumentParser(prog="python -m benchmarks.dvc_commands", description=__doc__))
