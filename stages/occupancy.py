"""Keep states that demonstrations and each learner's first policy visit, and how discriminators judge the places."""

import argparse
from pathlib import Path

from gailpipe.evaluation.settings import Occupancy
from gailpipe.foundation.command import judging_parser, run
from gailpipe.foundation.params import load_section, load_seed


def main(arguments: argparse.Namespace) -> None:
    settings = load_section(arguments.params, Occupancy, "occupancy", assignments=arguments.set)
    seed = load_seed(arguments.params)
    from gailpipe.envs.environment import load_environment
    from gailpipe.evaluation.occupancy import make_occupancy

    environment = load_environment(arguments.params, arguments.env)
    make_occupancy(environment, arguments.demonstrations, arguments.learner, settings, seed, arguments.out)


if __name__ == "__main__":
    parser = judging_parser("occupancy", __doc__)
    parser.add_argument("--demonstrations", type=Path, required=True, help="the environment's Parquet file")
    run(main, parser)
