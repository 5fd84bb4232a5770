"""Command lines: what a user sees when one goes wrong."""

import argparse
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from gailpipe.foundation.errors import UserError


def stage_parser(stage: str, description: str | None) -> argparse.ArgumentParser:
    """Return a parser with what every stage takes: --params and --out."""
    parser = argparse.ArgumentParser(prog=f"python -m stages.{stage}", description=description)
    parser.add_argument("--params", type=Path, default=Path("params.yaml"), help="default: %(default)s")
    parser.add_argument("--out", type=Path, required=True, help="where the result goes")
    return parser


def task_parser(stage: str, description: str | None) -> argparse.ArgumentParser:
    """Return a parser with what every stage of one task takes: --env, --set, --params and --out."""
    parser = stage_parser(stage, description)
    parser.add_argument("--env", required=True, metavar="TASK", help="Gymnasium id of the task, a key of `envs`")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help=f"replaces a setting of `{stage}` that --params has; a dot goes one level down; may be repeated",
    )
    return parser


def imitation_parser(stage: str, description: str | None) -> argparse.ArgumentParser:
    """Return a parser with what every stage takes that learns from demonstrations."""
    parser = task_parser(stage, description)
    parser.add_argument("--demonstrations", type=Path, required=True, help="the task's Parquet file")
    return parser


def run(main: Callable[[argparse.Namespace], None], parser: argparse.ArgumentParser) -> None:
    """Run `main` on the command line's arguments; a `UserError` ends it with its sentence and exit status 1."""
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that workers and unfinished files go, too
    try:
        main(arguments)
    except UserError as error:
        sys.exit(f"error: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
