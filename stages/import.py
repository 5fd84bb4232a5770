"""Import demonstrations that a user recorded: all their pairs, checked, as the table that learners read."""

# ruff: noqa: N999

import argparse
import json
from pathlib import Path

from gailpipe.demonstrations.settings import Import
from gailpipe.evaluation.settings import Evaluate
from gailpipe.foundation.command import env_parser, run
from gailpipe.foundation.params import load_section, load_seed
from gailpipe.recordings.formats import FORMATS


def main(arguments: argparse.Namespace) -> None:
    assignments = [*arguments.set, f"path={json.dumps(arguments.recording)}"]
    settings = load_section(arguments.params, Import, "import", arguments.env, assignments)
    evaluate, seed = load_section(arguments.params, Evaluate, "evaluate"), load_seed(arguments.params)
    from gailpipe.envs.environment import load_environment
    from gailpipe.recordings.importing import import_recording

    environment = load_environment(arguments.params, arguments.env)
    import_recording(settings.path, environment, settings.clip, arguments.out)
    if arguments.references:
        from gailpipe.evaluation.candidates import write_references

        write_references(environment, None, evaluate.episodes, seed, arguments.references)


if __name__ == "__main__":
    parser = env_parser("import", __doc__)
    formats = "\n".join(f"  {kind:26} {example}" for kind, example in FORMATS.items())
    parser.epilog, parser.formatter_class = f"formats of recordings:\n{formats}", argparse.RawDescriptionHelpFormatter
    parser.add_argument(
        "--recording", required=True, metavar="PATH", help="a file, a folder, or Minari's name for one it has"
    )
    parser.add_argument("--references", type=Path, metavar="FILE", help="where returns of the random policy go, too")
    run(main, parser)
