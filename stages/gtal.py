"""Train GTAL, game-theoretic apprenticeship learning, on a task's demonstrations, once for each seed."""

import argparse
from functools import partial

from gailpipe.foundation.command import imitation_parser, run
from gailpipe.params.base import load_section, load_seed
from gailpipe.params.imitation import Imitation


def main(arguments: argparse.Namespace) -> None:
    settings = load_section(arguments.params, Imitation, "gtal", arguments.env, arguments.set)
    seed = load_seed(arguments.params)
    from gailpipe.imitation.learner import imitate
    from gailpipe.imitation.linear_reward import gtal_weights, make_reward

    make = partial(make_reward, gtal_weights, settings.episodes_end_on_success)
    imitate("gtal", arguments.env, arguments.demonstrations, settings, seed, make, arguments.out)


if __name__ == "__main__":
    run(main, imitation_parser("gtal", __doc__))
