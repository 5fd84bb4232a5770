"""Try settings of a learner, or of the expert, on seeds that no pipeline uses, and put scores into the table of trials.

Each run has a core of its own. A setting that the table has is not tried again; its verdict is for people to add. A run
that was stopped goes on where it was.
"""

import argparse
import hashlib
import os
import shlex
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from itertools import product
from pathlib import Path
from queue import SimpleQueue
from tempfile import TemporaryDirectory
from typing import NamedTuple

import polars as pl
from ruamel.yaml import YAML

from gailpipe.algorithms.catalogue import LEARNERS, actor
from gailpipe.algorithms.expert.settings import Expert
from gailpipe.cluster.cores import CAN_PIN, own_cores
from gailpipe.cluster.leash import StageFailedError, run_commands
from gailpipe.evaluation.returns import MODES, read_returns
from gailpipe.foundation.command import run
from gailpipe.foundation.errors import UserError
from gailpipe.foundation.files import write_file
from gailpipe.foundation.params import Section, load_section, load_seed, read_params
from gailpipe.grid.scores import normalized

EXPERT = "expert"


class Trial(NamedTuple):
    """A setting of a learner in an environment of a pipeline."""

    pipeline: Path
    env: str
    learner: str
    assignments: tuple[str, ...]

    @property
    def params(self) -> Path:
        return self.pipeline / "params.yaml"

    def row_start(self) -> str:
        """Return the first cells of the trial's row, which no other trial has: six digits stand for all settings."""
        changed = ", ".join([str(self.params), *(one.replace("=", " ") for one in self.assignments)])
        whole = self.load().model_dump_json(exclude={"seeds"})
        digits = hashlib.sha256(whole.encode()).hexdigest()[:6]
        return f"| {self.env} | {actor(self.learner).label} | {changed} ({digits}) |"

    def load(self) -> Section:
        model = Expert if self.learner == EXPERT else LEARNERS[self.learner].settings
        return load_section(self.params, model, self.learner, self.env, self.assignments)


def main(arguments: argparse.Namespace) -> None:
    settings = [tuple(setting.split()) for setting in arguments.setting or [""]]
    trials = [
        Trial(arguments.pipeline, env, arguments.learner, assignments)
        for assignments, env in product(settings, arguments.env)
    ]
    require_valid(trials, arguments.seed)
    known = [trial for trial in trials if trial.row_start() in arguments.table.read_text()]
    for trial in known:
        print(f"{trial.row_start()} stands in {arguments.table}", flush=True)
    failures = try_all([trial for trial in trials if trial not in known], arguments.seed, arguments.table)
    if failures:
        raise UserError("\n".join(failures))


def require_valid(trials: Sequence[Trial], seeds: Sequence[int]) -> None:
    """Check all settings and seeds before anything runs.

    Raises:
        UserError: Names what is wrong.
    """
    for trial in trials:
        trial.load()
        if load_seed(trial.params) in seeds:
            raise UserError(f"--seed {load_seed(trial.params)}: is the pipeline's own; try others")


def try_all(trials: Sequence[Trial], seeds: Sequence[int], table: Path) -> list[str]:
    """Run all, add the rows of those that end well to the table, and return what the others say."""
    returns: dict[Trial, list[pl.DataFrame]] = {trial: [] for trial in trials}
    failures = []
    cores = SimpleQueue[int]()
    for core in own_cores():
        cores.put(core)
    leash, hold = os.pipe()
    with ThreadPoolExecutor(cores.qsize()) as pool:
        try:
            runs = {pool.submit(returns_of, trial, seed, cores, leash): trial for trial in trials for seed in seeds}
            for one in as_completed(runs):
                trial = runs[one]
                try:
                    returns[trial].append(one.result())
                except StageFailedError as error:
                    failures.append(f"{trial.row_start()} {error}")
                if len(returns[trial]) == len(seeds):
                    found = made(returns[trial]) if trial.learner == EXPERT else scores(returns[trial], trial)
                    row = f"{trial.row_start()} {len(seeds)} | {'; '.join(found)} | – |\n"
                    write_file(table, (table.read_text() + row).encode())
                    print(row, end="", flush=True)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
            os.close(hold)  # which ends what still runs
    return failures


def returns_of(trial: Trial, seed: int, cores: "SimpleQueue[int]", leash: int) -> pl.DataFrame:
    """Run a learner with a seed, on one of the cores, and return the returns of its policy's episodes.

    Raises:
        StageFailedError: Has the last lines of what was printed.
    """
    core = cores.get()
    if CAN_PIN:
        os.sched_setaffinity(0, {core})  # of this thread, whose processes inherit it
    try:
        with TemporaryDirectory() as folder:
            with Path(folder, "params.yaml").open("w") as file:
                YAML().dump(read_params(trial.params) | {"seed": seed}, file)
            run_commands(commands(trial, Path(folder)), leash, ".", os.environ, Path(folder, "log"))
            found = read_returns(Path(folder, "returns.parquet"))
    finally:
        cores.put(core)
    return found.filter(pl.col("policy") != "random")


def commands(trial: Trial, folder: Path) -> list[str]:
    """Return the stages' commands that end with the policy's returns in `folder`."""
    common = ["--params", str(folder / "params.yaml"), "--env", trial.env]
    assignments = [part for one in trial.assignments for part in ("--set", one)]
    learned, returns = str(folder / "learned"), str(folder / "returns.parquet")
    if trial.learner == EXPERT:
        sampled = ["--expert", f"{learned}/policy.safetensors", "--out", str(folder / "sampled.parquet")]
        learning = ["expert", *common, *assignments, "--out", learned]
        judging = ["sample", *common, *sampled, "--references", returns]
    else:
        demonstrations = str(trial.pipeline / f"data/demonstrations/{trial.env}.parquet")
        given = ["--demonstrations", demonstrations, "--set", "seeds=1"]
        learning = [trial.learner, *common, *given, *assignments, "--out", learned]
        judging = ["evaluate", *common, "--learner", f"{trial.learner}={learned}", "--out", returns]
    return [shlex.join([sys.executable, "-m", f"stages.{stage}", *rest]) for stage, *rest in (learning, judging)]


def scores(runs: Sequence[pl.DataFrame], trial: Trial) -> list[str]:
    """Return each run's score without and, in brackets, with noise; 1 is the expert acting in the same way."""
    references = read_returns(trial.pipeline / f"data/results/references/{trial.env}.parquet")
    random = mean_return(references.filter(policy="random"), "stochastic")
    experts = {mode: mean_return(references.filter(policy=EXPERT), mode) for mode in MODES}
    found = ([normalized(mean_return(run, mode), random, experts[mode]) for mode in MODES] for run in runs)
    return [f"{quiet:.2f} ({noisy:.2f})".replace("-", "−") for quiet, noisy in sorted(found)]


def made(runs: Sequence[pl.DataFrame]) -> list[str]:
    """Return each run's mean return without and, in brackets, with noise."""
    found = ([mean_return(run, mode) for mode in MODES] for run in runs)
    return [f"{quiet:,.0f} ({noisy:,.0f})".replace("-", "−") for quiet, noisy in sorted(found)]


def mean_return(returns: pl.DataFrame, mode: str) -> float:
    return float(returns.filter(mode=mode)["return"].to_numpy().mean())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks.trials", description=__doc__)
    own = [name for name, one in LEARNERS.items() if one.section == name]
    parser.add_argument("learner", choices=[EXPERT, *own])
    parser.add_argument("--env", action="append", required=True, help="may be repeated")
    parser.add_argument("--setting", action="append", metavar='"KEY=VALUE ..."', help="may be repeated")
    parser.add_argument("--seed", action="append", type=int, required=True, help="may be repeated")
    parser.add_argument("--pipeline", type=Path, default=Path("paper"), help="whose demonstrations; default: paper")
    parser.add_argument("--table", type=Path, default=Path("docs/trials.md"), help="default: %(default)s")
    run(main, parser)
