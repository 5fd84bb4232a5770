"""Check the whole of params.yaml before anything is computed."""

import argparse
from pathlib import Path

from gailpipe.envs.tasks import find_task
from gailpipe.foundation.command import run
from gailpipe.foundation.files import whole_file
from gailpipe.params.pipeline import check_pipeline


def main(arguments: argparse.Namespace) -> None:
    for task in check_pipeline(arguments.params):
        find_task(task)
    with whole_file(arguments.out) as aside:
        aside.write_text("valid\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--params", type=Path, default=Path("params.yaml"), help="default: %(default)s")
    parser.add_argument("--out", type=Path, required=True, help="written if all is well, always with the same content")
    run(main, parser)
