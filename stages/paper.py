"""Write the report of the paper's pipeline: its figures and tables remade, ours beside the authors'."""

import argparse
from pathlib import Path

from gailpipe.foundation.command import run, stage_parser
from gailpipe.foundation.scratch import remove_done


def main(arguments: argparse.Namespace) -> None:
    from gailpipe.paper.build import build_paper_report

    build_paper_report(
        arguments.params,
        arguments.data,
        arguments.original,
        findings=arguments.findings,
        discussion=arguments.discussion,
        out=arguments.out,
    )
    remove_done()


if __name__ == "__main__":
    parser = stage_parser("paper", __doc__)
    parser.add_argument("--data", type=Path, required=True, help="holds what the other stages made")
    parser.add_argument("--original", type=Path, required=True, help="holds the paper's own results, as CSV")
    parser.add_argument("--findings", type=Path, required=True, help="the main findings, a list in Markdown")
    parser.add_argument("--discussion", type=Path, required=True, help="all of them at length, in Markdown")
    run(main, parser)
