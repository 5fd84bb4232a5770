"""Keep states that the expert and each learner's first policy visit, and how discriminators judge the places."""

import argparse

from gailpipe.evaluation.settings import Occupancy
from gailpipe.foundation.command import judging_parser, run
from gailpipe.foundation.params import load_section, load_seed


def main(arguments: argparse.Namespace) -> None:
    settings = load_section(arguments.params, Occupancy, "occupancy", assignments=arguments.set)
    seed = load_seed(arguments.params)
    from gailpipe.evaluation.occupancy import make_occupancy

    make_occupancy(arguments.env, arguments.expert, arguments.learner, settings, seed, arguments.out)


if __name__ == "__main__":
    run(main, judging_parser("occupancy", __doc__))
