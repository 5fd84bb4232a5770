"""Write the report's page, in Markdown and as HTML, with what it shows."""

import argparse
from pathlib import Path

from gailpipe.foundation.command import run, stage_parser


def main(arguments: argparse.Namespace) -> None:
    from gailpipe.report.files import build_page

    build_page(arguments.params, arguments.data, arguments.original, arguments.out)


if __name__ == "__main__":
    parser = stage_parser("page", __doc__)
    parser.add_argument("--data", type=Path, required=True, help="holds what the other stages made")
    parser.add_argument("--original", type=Path, required=True, help="holds the paper's own results, as CSV")
    run(main, parser)
