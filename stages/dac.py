"""Train DAC, discriminator-actor-critic, on an environment's demonstrations, once for each seed."""

import argparse

from gailpipe.algorithms.dac.settings import Dac
from gailpipe.foundation.command import imitation_parser, run
from gailpipe.foundation.params import load_section, load_seed


def main(arguments: argparse.Namespace) -> None:
    settings = load_section(arguments.params, Dac, "dac", arguments.env, arguments.set)
    seed = load_seed(arguments.params)
    from gailpipe.algorithms.dac.learner import learn_dac
    from gailpipe.envs.environment import load_environment

    environment = load_environment(arguments.params, arguments.env)
    learn_dac(environment, arguments.demonstrations, settings, seed, arguments.out)


if __name__ == "__main__":
    run(main, imitation_parser("dac", __doc__))
