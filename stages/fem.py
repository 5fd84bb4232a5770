"""Train FEM, feature expectation matching, on an environment's demonstrations, once for each seed."""

import argparse

from gailpipe.foundation.command import imitation_parser, run
from gailpipe.foundation.params import load_section, load_seed
from gailpipe.rl.on_policy.settings import Imitation


def main(arguments: argparse.Namespace) -> None:
    settings = load_section(arguments.params, Imitation, "fem", arguments.env, arguments.set)
    seed = load_seed(arguments.params)
    from gailpipe.algorithms.linear.learner import learn_linear
    from gailpipe.envs.environment import load_environment

    environment = load_environment(arguments.params, arguments.env)
    learn_linear("fem", environment, arguments.demonstrations, settings, seed, arguments.out)


if __name__ == "__main__":
    run(main, imitation_parser("fem", __doc__))
