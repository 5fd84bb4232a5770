"""Film one episode of the expert, and of each learner's first policy, side by side."""

import argparse

from gailpipe.films.settings import Film
from gailpipe.foundation.command import judging_parser, run
from gailpipe.foundation.params import load_section, load_seed


def main(arguments: argparse.Namespace) -> None:
    settings = load_section(arguments.params, Film, "film", assignments=arguments.set)
    seed = load_seed(arguments.params)
    from gailpipe.films.cast import film_into
    from gailpipe.foundation.seeding import derive_seed

    cast = [("Expert", arguments.expert)]
    cast += [(name.upper(), directory / "seed-0.safetensors") for name, directory in arguments.learner.items()]
    film_into(arguments.out, arguments.env, cast, settings.seconds, derive_seed(seed, "film", arguments.env))


if __name__ == "__main__":
    run(main, judging_parser("film", __doc__))
