"""Train GAIL on a task's demonstrations, once for each seed."""

import argparse
from functools import partial

from gailpipe.foundation.command import imitation_parser, run
from gailpipe.params.base import load_section, load_seed
from gailpipe.params.gail import Gail


def main(arguments: argparse.Namespace) -> None:
    settings = load_section(arguments.params, Gail, "gail", arguments.env, arguments.set)
    seed = load_seed(arguments.params)
    from gailpipe.imitation.gail_reward import make_reward
    from gailpipe.imitation.learner import imitate

    make = partial(make_reward, settings)
    imitate("gail", arguments.env, arguments.demonstrations, settings, seed, make, arguments.out)


if __name__ == "__main__":
    run(main, imitation_parser("gail", __doc__))
