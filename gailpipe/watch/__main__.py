"""Show the trainings under way here: progress, steps per second, return, the discriminator's accuracy, time left.

In a terminal the table is kept up to date until Ctrl-C. Elsewhere each run is a line, once. `tensorboard --logdir
.scratch` shows all metrics in a browser, where TensorBoard is installed.
"""

import argparse
import sys
import time

from rich.live import Live

from gailpipe.foundation.command import run
from gailpipe.foundation.scratch import root
from gailpipe.watch.runs import watched_runs
from gailpipe.watch.view import NOTHING, line, table

SECONDS_BETWEEN_LOOKS = 2.0


def main(_: argparse.Namespace) -> None:
    if not sys.stdout.isatty():
        print("\n".join(map(line, watched_runs(root()))) or NOTHING)
        return
    with Live(auto_refresh=False) as live:
        while True:
            live.update(table(watched_runs(root()), live.console.width), refresh=True)
            time.sleep(SECONDS_BETWEEN_LOOKS)


if __name__ == "__main__":
    description = argparse.RawDescriptionHelpFormatter
    run(
        main, argparse.ArgumentParser(prog="python -m gailpipe.watch", description=__doc__, formatter_class=description)
    )
