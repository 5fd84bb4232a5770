"""Measure returns of the random policy, the expert and all learned policies of a task, in Gymnasium itself."""

import argparse
from pathlib import Path

from gailpipe.evaluation.settings import Evaluate
from gailpipe.foundation.command import run, task_parser
from gailpipe.foundation.errors import UserError
from gailpipe.foundation.params import load_section, load_seed


def main(arguments: argparse.Namespace) -> None:
    settings = load_section(arguments.params, Evaluate, "evaluate", assignments=arguments.set)
    seed = load_seed(arguments.params)
    learners = dict(arguments.learner)
    if len(learners) < len(arguments.learner):
        raise UserError("--learner: gives a name twice; give each directory a name of its own")
    from gailpipe.evaluation.candidates import evaluate_all

    evaluate_all(arguments.env, arguments.expert, learners, settings.episodes, seed, arguments.out)


def learner(text: str) -> tuple[str, Path]:
    """Split NAME=DIRECTORY."""
    name, _, directory = text.partition("=")
    if not directory or name in ("", "random", "expert"):
        raise argparse.ArgumentTypeError(
            f"{text!r} must be NAME=DIRECTORY with a new name, such as bc=data/bc/Hopper-v5"
        )
    return name, Path(directory)


if __name__ == "__main__":
    parser = task_parser("evaluate", __doc__)
    parser.add_argument("--expert", type=Path, required=True, help="the expert's policy, a safetensors file")
    parser.add_argument(
        "--learner",
        type=learner,
        action="append",
        required=True,
        metavar="NAME=DIRECTORY",
        help="a name for those who learned, and the directory of their policies; may be repeated",
    )
    run(main, parser)
