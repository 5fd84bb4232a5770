"""Write what a change of parameters or code has done to results, as a comment in Markdown for its pull request."""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from gailpipe.foundation.command import run
from gailpipe.foundation.errors import UserError
from gailpipe.report.tables import table
from gailpipe.review.comment import Version, comment
from gailpipe.review.lock import lagging_stages
from gailpipe.review.scores import changes

ROOT = ("reports/metrics.json", "dvc.lock")
PAPER = ("paper/report/metrics.json", "paper/dvc.lock")  # not in every version
FIGURES = ("reports/figures", "paper/report/figures")


def main(arguments: argparse.Namespace) -> None:
    commit = _merge_base(arguments.revision)
    then = _run("git", "ls-tree", "--name-only", commit, *PAPER).split()
    now = [path for path in PAPER if Path(path).exists()]
    before = _version(commit, {path: _run("git", "show", f"{commit}:{path}") for path in (*ROOT, *then)})
    head = _run("git", "rev-parse", "HEAD").strip()
    after = _version(head, {path: _read(Path(path)) for path in (*ROOT, *now)})
    scores = list(changes(before.metrics, after.metrics))
    print(comment(before, after, scores, _parameters(commit), lagging_stages(), _url()))


def _merge_base(revision: str) -> str:
    """Return the commit at which HEAD left `revision`.

    Raises:
        UserError: There is none, or Git does not know the revision.
    """
    command = ("git", "merge-base", revision, "HEAD")
    process = subprocess.run(command, capture_output=True, text=True)
    if process.returncode == 1 and not process.stderr:
        raise UserError(f"{revision} has no common history with HEAD; in a shallow clone `git fetch --unshallow` first")
    if process.returncode != 0:
        raise UserError(f"`{' '.join(command)}` failed: {process.stderr.strip()}")
    return process.stdout.strip()


def _parameters(commit: str) -> str:
    """Return a table of what has changed in the parameters of both pipelines since `commit`, empty if none has."""
    rows = []
    for folder in [folder for folder in ("", "paper/") if Path(folder, ".dvc").is_dir()]:
        command = (sys.executable, "-m", "dvc", "--cd", f"./{folder}", "params", "diff", "--json", commit)
        for file, parameters in json.loads(_run(*command) or "{}").items():
            for name, values in parameters.items():
                before, after = (str(values.get(version, "—")) for version in ("old", "new"))
                rows.append({"file": f"{folder}{file}", "parameter": name, "before": before, "after": after})
    return table(rows, labels=4) if rows else ""


def _version(commit: str, files: Mapping[str, str]) -> Version:
    yaml = YAML(typ="safe")
    metrics: dict[str, Any] = {}
    stages: dict[str, Any] = {}
    try:
        for path, text in files.items():
            of_paper = path in PAPER
            if path.endswith(".json"):
                metrics |= {f"{cell} (paper)" if of_paper else cell: one for cell, one in json.loads(text).items()}
            else:
                of_lock = yaml.load(text)["stages"].items()
                stages |= {f"paper/dvc.yaml:{stage}" if of_paper else stage: entry for stage, entry in of_lock}
    except (ValueError, YAMLError, KeyError, TypeError, AttributeError) as error:
        raise UserError(f"{path} at {commit[:7]}: can't be understood: {error}") from error
    figures = _run("git", "ls-tree", "-r", "--name-only", commit, *FIGURES).split()
    return Version(commit, metrics, stages, figures)


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError as error:
        raise UserError(f"{path}: can't be read: {error.strerror}; `dvc repro` makes it") from error


def _run(*command: str) -> str:
    process = subprocess.run(command, capture_output=True, text=True)
    if process.returncode != 0:
        raise UserError(f"`{' '.join(command)}` failed: {process.stderr.strip()}")
    return process.stdout


def _url() -> str | None:
    """Return where GitHub shows the repository, if its actions run this."""
    server, repository = (os.environ.get(f"GITHUB_{name}") for name in ("SERVER_URL", "REPOSITORY"))
    return f"{server}/{repository}" if server and repository else None


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m gailpipe.review", description=__doc__)
    parser.add_argument("revision", metavar="REV", help="compares with where this branch left it")
    run(main, parser)
