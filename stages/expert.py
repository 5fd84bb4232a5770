"""Train a task's expert: TRPO on the environment's reward."""

import argparse

from gailpipe.foundation.command import run, task_parser
from gailpipe.params.base import load_section, load_seed
from gailpipe.params.expert import Expert


def main(arguments: argparse.Namespace) -> None:
    settings = load_section(arguments.params, Expert, "expert", arguments.env, arguments.set)
    seed = load_seed(arguments.params)
    from gailpipe.expert.learner import learn_expert

    learn_expert(arguments.env, settings, seed, arguments.out)


if __name__ == "__main__":
    run(main, task_parser("expert", __doc__))
