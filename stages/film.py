"""Film one episode of each of some policies, side by side."""

import argparse

from gailpipe.films.settings import Film
from gailpipe.foundation.command import NamedPath, env_parser, run
from gailpipe.foundation.params import load_section, load_seed


def main(arguments: argparse.Namespace) -> None:
    settings = load_section(arguments.params, Film, "film", assignments=arguments.set)
    seed = load_seed(arguments.params)
    from gailpipe.envs.environment import load_environment
    from gailpipe.films.cast import film_into
    from gailpipe.foundation.seeding import derive_seed

    cast = [(label.upper() if label.islower() else label, file) for label, file in arguments.policy.items()]
    environment = load_environment(arguments.params, arguments.env)
    film_into(arguments.out, environment, cast, settings.seconds, derive_seed(seed, "film", arguments.env))


if __name__ == "__main__":
    parser = env_parser("film", __doc__)
    parser.add_argument(
        "--policy",
        action=NamedPath,
        example="bc=data/bc/Hopper-v5/seed-0.safetensors",
        required=True,
        metavar="LABEL=FILE",
        help="a policy and what stands above it, in capitals where LABEL has none; may be repeated",
    )
    run(main, parser)
