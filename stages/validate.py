"""Check the whole of params.yaml before anything is computed."""

import argparse

from gailpipe.envs.environment import find_environment
from gailpipe.foundation.command import run, stage_parser
from gailpipe.foundation.files import write_file
from gailpipe.pipeline.check import check_pipeline


def main(arguments: argparse.Namespace) -> None:
    for environment in check_pipeline(arguments.params):
        find_environment(environment)
    write_file(arguments.out, b"valid\n")


if __name__ == "__main__":
    run(main, stage_parser("validate", __doc__))
