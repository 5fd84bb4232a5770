"""Measure returns of the random policy, the expert and all learned policies of a task, in Gymnasium itself."""

import argparse
from pathlib import Path

from gailpipe.foundation.command import run, task_parser
from gailpipe.params.base import load_section, load_seed
from gailpipe.params.evaluate import Evaluate


def main(arguments: argparse.Namespace) -> None:
    settings = load_section(arguments.params, Evaluate, "evaluate", assignments=arguments.set)
    seed = load_seed(arguments.params)
    from gailpipe.evaluation.candidates import evaluate_all

    learners = {"bc": arguments.bc, "gail": arguments.gail}
    evaluate_all(arguments.env, arguments.expert, learners, settings.episodes, seed, arguments.out)


if __name__ == "__main__":
    parser = task_parser("evaluate", __doc__)
    parser.add_argument("--expert", type=Path, required=True, help="the expert's policy, a safetensors file")
    parser.add_argument("--bc", type=Path, required=True, help="directory of the policies that BC learned")
    parser.add_argument("--gail", type=Path, required=True, help="directory of the policies that GAIL learned")
    run(main, parser)
