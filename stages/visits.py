"""Keep states that the expert, and BC's and GAIL's first policies, visit, and how GAIL's discriminator judges them."""

import argparse
from pathlib import Path

from gailpipe.evaluation.settings import Visits
from gailpipe.foundation.command import run, task_parser
from gailpipe.foundation.params import load_section, load_seed


def main(arguments: argparse.Namespace) -> None:
    settings = load_section(arguments.params, Visits, "visits", assignments=arguments.set)
    seed = load_seed(arguments.params)
    from gailpipe.evaluation.visits import make_visits

    make_visits(arguments.env, arguments.expert, arguments.bc, arguments.gail, settings, seed, arguments.out)


if __name__ == "__main__":
    parser = task_parser("visits", __doc__)
    parser.add_argument("--expert", type=Path, required=True, help="the expert's policy, a safetensors file")
    parser.add_argument("--bc", type=Path, required=True, help="the directory of BC's policies")
    parser.add_argument("--gail", type=Path, required=True, help="the directory of GAIL's policies")
    run(main, parser)
