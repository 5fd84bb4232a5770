"""Tell what data/store holds beyond what each dvc.lock names, and what it lacks.

A clone fetches all that the store holds at HEAD. So what no dvc.lock names has no place there.
"""

import argparse
import json
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from gailpipe.foundation.command import run
from gailpipe.foundation.errors import UserError

STORE = Path("data/store")
OBJECTS, RUNS = STORE / "files" / "md5", STORE / "runs"  # contents by their digest; DVC's run-cache


def main(arguments: argparse.Namespace) -> None:
    superfluous, missing = compare(Path())
    if missing:
        raise UserError(f"{missing[0]}: {len(missing)} results are not in {STORE}; `dvc push --run-cache` stores them")
    if arguments.prune:
        for path in superfluous:
            _remove(path)
        print(f"removed {len(superfluous)} files from {STORE}")
        return
    for path in superfluous:
        print(path)
    if superfluous:
        megabytes = sum(path.stat().st_size for path in superfluous) / 1e6
        reason = f"{STORE}: {len(superfluous)} files, {megabytes:.1f} MB, belong to no dvc.lock"
        raise UserError(f"{reason}; `python -m gailpipe.review.store --prune` removes them")


def compare(root: Path) -> tuple[list[Path], list[str]]:
    """Return the files in the store that no dvc.lock of the repository at `root` needs, and the results that it lacks.

    Needed are the results of all stages, the data that DVC keeps otherwise, and the entries of the run-cache that the
    stages have left with these results.

    Raises:
        UserError: Git can't tell which files it tracks, or one of them is missing or no YAML.
    """
    needed, runs, missing = set[Path](), set[str](), list[str]()
    for file in _tracked(root, "*dvc.lock", "*.dvc"):
        document = _read_yaml(root / file)
        stages = list(document.get("stages", {}).values())
        uncached = _uncached(root / file)
        runs |= {_identity(stage) for stage in stages}
        for out in (out for entry in [*stages, document] for out in entry.get("outs", ())):
            objects = list(_objects(root, out["md5"]))
            needed |= {*objects}
            if out["path"] not in uncached and not all(path.exists() for path in objects):
                missing.append(str(file.parent / out["path"]))
    stored = sorted(path for path in (root / STORE).rglob("*") if path.is_file())
    return [path for path in stored if path not in needed and not _is_run_of(path, root, runs)], missing


def _tracked(root: Path, *patterns: str) -> list[Path]:
    """Return the files that Git tracks, or would after `git add`."""
    kinds = ("--cached", "--others", "--exclude-standard")
    git = subprocess.run(["git", "ls-files", "-z", *kinds, "--", *patterns], cwd=root, capture_output=True, text=True)
    if git.returncode != 0:
        raise UserError(f"`git ls-files` failed: {git.stderr.strip()}")
    files = [Path(name) for name in git.stdout.split("\0") if name]
    gone = [file for file in files if not (root / file).exists()]
    for lock in (file for file in gone if file.name == "dvc.lock"):
        raise UserError(f"{lock}: is missing; `git checkout {lock}` restores it, and `git rm {lock}` forgets it")
    return [file for file in files if file not in gone]


def _uncached(lock: Path) -> set[str]:
    """Return the outputs, as the dvc.yaml beside `lock` names them, that Git keeps."""
    pipeline = lock.with_name("dvc.yaml")
    stages = _read_yaml(pipeline)["stages"].values() if lock.name == "dvc.lock" else ()
    listed = (
        out for stage in stages for kind in ("outs", "metrics", "plots") for out in stage.get("do", stage).get(kind, ())
    )
    mappings = [out for out in listed if isinstance(out, Mapping)]
    return {path for out in mappings for path, options in out.items() if options and not options.get("cache", True)}


def _objects(root: Path, digest: str) -> Iterator[Path]:
    """Yield where the store has an output's content: the file, or the folder's list and the files in it."""
    path = root / OBJECTS / digest[:2] / digest[2:]
    yield path
    if path.suffix == ".dir" and path.exists():
        for entry in json.loads(path.read_bytes()):
            yield from _objects(root, entry["md5"])


def _is_run_of(path: Path, root: Path, runs: set[str]) -> bool:
    return path.is_relative_to(root / RUNS) and _identity(_read_yaml(path)) in runs


def _identity(stage: Mapping[str, Any]) -> str:
    """Return what tells a run of a stage from any other: its command, all that went into it, and what came out."""
    deps, outs = (
        sorted((entry["path"], entry.get("md5", "")) for entry in stage.get(kind, ())) for kind in ("deps", "outs")
    )
    return json.dumps([stage["cmd"], deps, stage.get("params"), outs], sort_keys=True)


def _read_yaml(path: Path) -> Any:
    try:
        return YAML(typ="safe").load(path)
    except YAMLError as error:
        raise UserError(f"{path}: is not valid YAML: {' '.join(str(error).split())}") from error


def _remove(path: Path) -> None:
    """Remove a file, and the folders that are empty without it."""
    path.unlink()
    for folder in path.parents:
        if folder == STORE or any(folder.iterdir()):
            return
        folder.rmdir()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m gailpipe.review.store", description=__doc__)
    parser.add_argument("--prune", action="store_true", help="remove what no dvc.lock names")
    run(main, parser)
