"""A copy of the repository in a folder of its own, with budgets so small that the whole pipeline takes seconds."""

import os
import re
import resource
import shutil
import subprocess
import sys
from pathlib import Path
from typing import IO, Any, Self, TypeAlias

from ruamel.yaml import YAML

Process: TypeAlias = subprocess.Popen[str]
ROOT = Path(__file__).resolve().parents[1]

TINY_TRAINING = {"env_steps": 256, "num_envs": 4, "num_steps": 64, "hidden_sizes": [8]}
TINY: dict[str, dict[str, Any]] = {
    "expert": TINY_TRAINING,
    "sample": {"trajs": 5},
    "bc": {"trajs": 2, "seeds": 1, "steps": 20, "validate_every": 10, "hidden_sizes": [8]},
    "gail": {**TINY_TRAINING, "trajs": 2, "seeds": 1},
    "dac": {
        "trajs": 2,
        "seeds": 1,
        "env_steps": 256,
        "num_envs": 4,
        "first_steps": 64,
        "updates_per_step": 0.05,
        "batch_size": 16,
        "hidden_sizes": [8],
        "cloning_steps": 20,
        "policy_warm_up": 5,
    },
    "evaluate": {"episodes": 2},
    "occupancy": {"episodes": 2, "states": 20},
    "film": {"seconds": 0.1},
    "report": {"smoothing": 0.05},
    "theory": {"grid": 3, "trials": 1, "batch": 1000},
}
TINY_ENVS = ("CartPole-v1", "Pendulum-v1")


def tiny_params() -> dict[str, Any]:
    """Return the repository's params.yaml with tiny budgets, for one discrete and one continuous environment."""
    params = YAML(typ="safe").load(ROOT / "params.yaml")
    for section, settings in TINY.items():
        params[section] |= settings
    params["experts"] = {environment: {"expert": {}, "sample": {}} for environment in TINY_ENVS}
    params["envs"] = {environment: {"bc": {}, "gail": {}, "dac": {}} for environment in TINY_ENVS}
    return params


def write_params(params: dict[str, Any], path: Path) -> None:
    yaml = YAML()
    yaml.default_flow_style = False
    yaml.dump(params, path)


def without_variants(pipeline: str) -> str:
    """Return dvc.yaml without the learners that have the stages of others: it takes a fifth off a run."""
    for name in ("bc-plain", "dac-states"):
        pipeline = re.sub(rf"  {name}:\n(    .*\n)+\n", "", pipeline).replace(f", {name}", "")
    return pipeline


class Workspace:
    """A Git and DVC repository at `root`."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @classmethod
    def create(cls, root: Path) -> Self:
        """Make a repository of the files that Git tracks here, as they are now, with tiny params.

        The paper's pipeline is left out, since a review looks at all its stages, and so are variants of learners.
        """
        workspace = cls(root)
        root.mkdir(exist_ok=True)
        listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True)
        for name in listed.stdout.split("\0"):
            kept = not name.startswith(("data/store/", "reports/", "paper/dvc.")) and name != "dvc.lock"
            if name and kept and (ROOT / name).is_file():
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / name, root / name)
        write_params(tiny_params(), root / "params.yaml")
        pipeline = root / "dvc.yaml"
        pipeline.write_text(without_variants(pipeline.read_text()))
        workspace.run("git", "init", "--quiet", "--initial-branch=main")
        workspace.run("git", "config", "user.name", "Test")
        workspace.run("git", "config", "user.email", "test@example.org")
        workspace.commit("Start")
        return workspace

    def copy(self, root: Path) -> "Workspace":
        """Return a copy at `root`, with all that is here."""
        return Workspace(shutil.copytree(self.root, root, symlinks=True))

    def run(self, *command: str, fails: bool = False, directory: Path | None = None) -> str:
        """Run a command here, and return what it printed; its status must be 0, or another if it `fails`."""
        process = self.start(*command, directory=directory)
        output, _ = process.communicate()
        assert (process.returncode != 0) == fails, output
        return output

    def start(
        self,
        *command: str,
        directory: Path | None = None,
        max_file_size: int | None = None,
        output: int | IO[str] = subprocess.PIPE,
    ) -> Process:
        """Start a command here, in a process group of its own; its files can't grow beyond `max_file_size` bytes."""
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"

        def limit() -> None:
            if max_file_size is not None:
                resource.setrlimit(resource.RLIMIT_FSIZE, (max_file_size, max_file_size))

        return subprocess.Popen(
            command,
            cwd=directory or self.root,
            env={**os.environ, "PATH": path, "PYTHONPATH": "", "PYTHONUNBUFFERED": "1"},
            stdout=output,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            preexec_fn=limit,
        )

    def forget(self) -> None:
        """Remove all results, so that every stage has to run."""
        for directory in (".dvc/cache", "data", "reports"):
            shutil.rmtree(self.root / directory, ignore_errors=True)
        self.run("git", "checkout", "--quiet", "--", "data/original")
        (self.root / "dvc.lock").unlink()

    def commit(self, message: str) -> None:
        self.run("git", "add", "--all")
        self.run("git", "commit", "--quiet", "--allow-empty", "--message", message)

    def dvc(self, *arguments: str, fails: bool = False) -> str:
        return self.run("dvc", *arguments, fails=fails)

    def experiment(self, setting: str) -> set[str]:
        """Run `dvc exp run -S SETTING`, and return the stages that were computed."""
        return stages_run(self.dvc("exp", "run", "-S", setting))


def stages_run(output: str) -> set[str]:
    """Return the stages whose commands ran, by what DVC printed."""
    return set(re.findall(r"Running stage '([^']+)'", output))
