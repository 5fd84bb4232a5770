"""Measure returns of all policies that learners made in an environment, in Gymnasium itself."""

import argparse

from gailpipe.evaluation.settings import Evaluate
from gailpipe.foundation.command import judging_parser, run
from gailpipe.foundation.params import load_section, load_seed


def main(arguments: argparse.Namespace) -> None:
    settings = load_section(arguments.params, Evaluate, "evaluate", assignments=arguments.set)
    seed = load_seed(arguments.params)
    from gailpipe.envs.environment import load_environment
    from gailpipe.evaluation.candidates import evaluate_learners

    environment = load_environment(arguments.params, arguments.env)
    evaluate_learners(environment, arguments.learner, settings.episodes, seed, arguments.out)


if __name__ == "__main__":
    run(main, judging_parser("evaluate", __doc__))
