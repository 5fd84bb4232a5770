"""Clone an environment's expert by supervised learning, once for each seed."""

import argparse

from gailpipe.algorithms.bc.settings import Bc
from gailpipe.foundation.command import imitation_parser, run
from gailpipe.foundation.params import load_section, load_seed


def main(arguments: argparse.Namespace) -> None:
    settings = load_section(arguments.params, Bc, "bc", arguments.env, arguments.set)
    seed = load_seed(arguments.params)
    from gailpipe.algorithms.bc.learner import learn_bc
    from gailpipe.envs.environment import load_environment

    environment = load_environment(arguments.params, arguments.env)
    learn_bc(environment, arguments.demonstrations, settings, seed, arguments.out)


if __name__ == "__main__":
    run(main, imitation_parser("bc", __doc__))
