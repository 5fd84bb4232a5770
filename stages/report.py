"""Write the report of a pipeline: pages, figures and films, and as data what they show."""

import argparse
from pathlib import Path

from gailpipe.foundation.command import run, stage_parser
from gailpipe.foundation.scratch import remove_done


def main(arguments: argparse.Namespace) -> None:
    from gailpipe.report.build import build_report

    build_report(arguments.params, arguments.data, arguments.original, arguments.introduction, arguments.out)
    remove_done()


if __name__ == "__main__":
    parser = stage_parser("report", __doc__)
    parser.add_argument("--data", type=Path, required=True, help="holds what the other stages made")
    parser.add_argument("--original", type=Path, required=True, help="holds the paper's own results, as CSV")
    parser.add_argument("--introduction", type=Path, help="a page in Markdown that the report begins with")
    run(main, parser)
