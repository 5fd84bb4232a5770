"""Compute the paper's theory on a gridworld of your own: occupancies, entropy, IRL, the saddle point of GAIL."""

import argparse
from pathlib import Path

from gailpipe.foundation.command import run
from gailpipe.foundation.params import load_section, load_seed
from gailpipe.theory.settings import Theory


def main(arguments: argparse.Namespace) -> None:
    settings = load_section(arguments.params, Theory, "theory", assignments=arguments.set)
    seed = load_seed(arguments.params)
    from gailpipe.theory.write import write_theory

    write_theory(settings, seed, arguments.out / "theory.json", arguments.out / "theory.svg")


if __name__ == "__main__":
    keys = "\n".join(f"  {name:20}{field.description}" for name, field in Theory.model_fields.items())
    parser = argparse.ArgumentParser(
        prog="python -m gailpipe.theory",
        description=__doc__,
        epilog=f"settings:\n{keys}\n\nfor example: python -m gailpipe.theory --set grid=8 --set discount=0.95",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--params", type=Path, default=Path("params.yaml"), help="default: %(default)s")
    parser.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="replaces a setting below; may be repeated"
    )
    parser.add_argument("--out", type=Path, default=Path("theory"), help="a folder; default: %(default)s")
    run(main, parser)
