"""Train an environment's expert: TRPO on the environment's reward, or on one that was learned."""

import argparse
from pathlib import Path

from gailpipe.algorithms.expert.settings import Expert
from gailpipe.foundation.command import env_parser, run
from gailpipe.foundation.params import load_section, load_seed


def main(arguments: argparse.Namespace) -> None:
    settings = load_section(arguments.params, Expert, "expert", arguments.env, arguments.set)
    seed = load_seed(arguments.params)
    from gailpipe.algorithms.expert.learner import learn_expert
    from gailpipe.envs.environment import load_environment

    environment = load_environment(arguments.params, arguments.env)
    learn_expert(environment, settings, seed, arguments.reward, arguments.out)


if __name__ == "__main__":
    parser = env_parser("expert", __doc__)
    parser.add_argument(
        "--reward", type=Path, metavar="FILE", help="a learned reward, in place of the environment's own"
    )
    run(main, parser)
