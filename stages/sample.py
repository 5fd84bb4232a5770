"""Sample demonstrations: trajectories of the stochastic expert, in Gymnasium, subsampled as in the paper."""

import argparse
from pathlib import Path

from gailpipe.demonstrations.settings import Sample
from gailpipe.foundation.command import env_parser, run
from gailpipe.foundation.params import load_section, load_seed


def main(arguments: argparse.Namespace) -> None:
    settings = load_section(arguments.params, Sample, "sample", arguments.env, arguments.set)
    seed = load_seed(arguments.params)
    from gailpipe.demonstrations.sampling import sample_demonstrations

    sample_demonstrations(arguments.env, arguments.expert, settings, seed, arguments.out)


if __name__ == "__main__":
    parser = env_parser("sample", __doc__)
    parser.add_argument("--expert", type=Path, required=True, help="the expert's policy, a safetensors file")
    run(main, parser)
