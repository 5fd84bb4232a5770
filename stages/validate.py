"""Check the whole of params.yaml before anything is computed, and write down what each environment is."""

import argparse
import json

from gailpipe.envs.environment import load_environment
from gailpipe.foundation.command import run, stage_parser
from gailpipe.foundation.errors import UserError
from gailpipe.foundation.files import write_directory
from gailpipe.foundation.params import read_params
from gailpipe.pipeline.check import check_pipeline


def main(arguments: argparse.Namespace) -> None:
    descriptions = {}
    envs = check_pipeline(arguments.params)
    for env, recording in read_params(arguments.params).get("recordings", {}).items():
        if not (arguments.params.parent / recording["path"]).exists():
            place = f"{arguments.params}: recordings.{env}.path: {recording['path']}"
            raise UserError(f"{place}: there is no such file or folder; `dvc pull` restores what `dvc add` keeps")
    for env in envs:
        environment = load_environment(arguments.params, env)
        try:
            text = json.dumps(environment.description(), sort_keys=True)
        except (TypeError, ValueError) as error:
            raise UserError(f"{arguments.params}: envs.{env}.kwargs: must hold what JSON can: {error}") from error
        descriptions[f"{env}.json"] = f"{text}\n".encode()
    write_directory(arguments.out, descriptions)


if __name__ == "__main__":
    run(main, stage_parser("validate", __doc__))
