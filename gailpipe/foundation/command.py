"""Command lines: what a user sees when one goes wrong."""

import argparse
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from gailpipe.foundation.errors import UserError
from gailpipe.foundation.history import require_history
from gailpipe.foundation.times import timed


def stage_parser(stage: str, description: str | None) -> argparse.ArgumentParser:
    """Return a parser with what every stage takes: --params and --out."""
    parser = argparse.ArgumentParser(prog=f"python -m stages.{stage}", description=description)
    parser.add_argument("--params", type=Path, default=Path("params.yaml"), help="default: %(default)s")
    parser.add_argument("--out", type=Path, required=True, help="where the result goes")
    return parser


def env_parser(stage: str, description: str | None) -> argparse.ArgumentParser:
    """Return a parser with what every stage of one environment takes: --env, --set, --params and --out."""
    parser = stage_parser(stage, description)
    parser.add_argument("--env", required=True, metavar="ENV", help="Gymnasium id of the environment, a key of `envs`")
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
    parser = env_parser(stage, description)
    parser.add_argument("--demonstrations", type=Path, required=True, help="the environment's Parquet file")
    return parser


def judging_parser(stage: str, description: str | None) -> argparse.ArgumentParser:
    """Return a parser with what every stage takes that judges learners: --learner, a dict of folders by name."""
    parser = env_parser(stage, description)
    parser.add_argument(
        "--learner",
        action=NamedPath,
        example="bc=data/bc/Hopper-v5",
        taken=("random", "expert", "demonstrations"),
        required=True,
        metavar="NAME=DIRECTORY",
        help="a name for who learned, and the directory of the policies; may be repeated",
    )
    return parser


class NamedPath(argparse.Action):
    """Collects NAME=PATH in a dict, with a new name each time, which is none of `taken`."""

    def __init__(self, *args: Any, example: str, taken: Sequence[str] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._example, self._taken = example, taken

    def __call__(
        self, parser: argparse.ArgumentParser, namespace: argparse.Namespace, values: Any, option: str | None = None
    ) -> None:
        name, _, path = values.partition("=")
        paths = getattr(namespace, self.dest) or {}
        if not path or name in ("", *self._taken, *paths):
            raise argparse.ArgumentError(
                self, f"{values!r} must be {self.metavar} with a new name, such as {self._example}"
            )
        setattr(namespace, self.dest, {**paths, name: Path(path)})


def run(main: Callable[[argparse.Namespace], None], parser: argparse.ArgumentParser) -> None:
    """Run `main` on the command line's arguments; a `UserError` ends it with its sentence and exit status 1.

    How long a stage took goes on record.
    """
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that workers and unfinished files go, too
    try:
        require_history(Path())
        with timed(parser.prog.rpartition(".")[2], arguments):
            main(arguments)
    except UserError as error:
        sys.exit(f"error: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
