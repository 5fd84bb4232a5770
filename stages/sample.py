"""Sample demonstrations: trajectories of the stochastic expert, in Gymnasium, subsampled as in the paper.

The expert and the random policy are judged here, too, as all learners are later.
"""

import argparse
from pathlib import Path

from gailpipe.demonstrations.settings import Sample
from gailpipe.evaluation.settings import Evaluate
from gailpipe.foundation.command import env_parser, run
from gailpipe.foundation.params import load_section, load_seed


def main(arguments: argparse.Namespace) -> None:
    settings = load_section(arguments.params, Sample, "sample", arguments.env, arguments.set)
    evaluate = load_section(arguments.params, Evaluate, "evaluate")
    seed = load_seed(arguments.params)
    from gailpipe.demonstrations.sampling import sample_demonstrations
    from gailpipe.envs.environment import load_environment
    from gailpipe.evaluation.candidates import write_references
    from gailpipe.foundation.tables import read_table, write_table

    environment = load_environment(arguments.params, arguments.env)
    sample_demonstrations(environment, arguments.expert, settings, seed, arguments.out)
    if arguments.pairs_alone:
        write_table(read_table(arguments.out, ()).drop("next_observation"), arguments.out)
    if arguments.references is not None:
        write_references(environment, arguments.expert, evaluate.episodes, seed, arguments.references)


if __name__ == "__main__":
    parser = env_parser("sample", __doc__)
    parser.add_argument("--expert", type=Path, required=True, help="the expert's policy, a safetensors file")
    parser.add_argument(
        "--references", type=Path, help="where returns of the expert and the random policy go, as Parquet"
    )
    parser.add_argument(
        "--pairs-alone",
        action="store_true",
        help="leave out next_observation, half of the file, which AIRL and observations_only need",
    )
    run(main, parser)
