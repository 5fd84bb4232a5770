"""Film one episode of the expert, and of BC's and GAIL's first policies, side by side."""

import argparse
from pathlib import Path

from gailpipe.films.settings import Film
from gailpipe.foundation.command import env_parser, run
from gailpipe.foundation.params import load_section, load_seed


def main(arguments: argparse.Namespace) -> None:
    settings = load_section(arguments.params, Film, "film", assignments=arguments.set)
    seed = load_seed(arguments.params)
    from gailpipe.films.cast import film_into
    from gailpipe.foundation.seeding import derive_seed

    first = "seed-0.safetensors"
    cast = [("Expert", arguments.expert), ("BC", arguments.bc / first), ("GAIL", arguments.gail / first)]
    film_into(arguments.out, arguments.env, cast, settings.seconds, derive_seed(seed, "film", arguments.env))


if __name__ == "__main__":
    parser = env_parser("film", __doc__)
    parser.add_argument("--expert", type=Path, required=True, help="the expert's policy, a safetensors file")
    parser.add_argument("--bc", type=Path, required=True, help="the directory of BC's policies")
    parser.add_argument("--gail", type=Path, required=True, help="the directory of GAIL's policies")
    run(main, parser)
