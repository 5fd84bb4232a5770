"""Compute the paper's theory exactly, on a gridworld and on random MDPs: a figure, and how exactly each law holds."""

import argparse
from pathlib import Path

from gailpipe.foundation.command import run, stage_parser
from gailpipe.foundation.params import load_section, load_seed
from gailpipe.theory.settings import Theory


def main(arguments: argparse.Namespace) -> None:
    settings = load_section(arguments.params, Theory, "theory")
    seed = load_seed(arguments.params)
    from gailpipe.theory.write import write_theory

    write_theory(settings, seed, arguments.out, arguments.figure)


if __name__ == "__main__":
    parser = stage_parser("theory", __doc__)
    parser.add_argument("--figure", type=Path, required=True, help="an SVG of all of it")
    run(main, parser)
