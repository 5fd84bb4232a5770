"""Try settings of a learner on seeds that no pipeline uses, and put the scores into the table of trials.

As many runs go side by side as there are cores. A setting that the table has is not tried again; its verdict is for
people to add.
"""

import argparse
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import polars as pl
from ruamel.yaml import YAML

from gailpipe.algorithms.catalogue import LEARNERS
from gailpipe.evaluation.returns import MODES, read_returns
from gailpipe.evaluation.scores import normalized
from gailpipe.foundation.command import run
from gailpipe.foundation.errors import UserError
from gailpipe.foundation.files import write_file
from gailpipe.foundation.params import load_section, load_seed, read_params
from gailpipe.foundation.processes import available_cores


class Trial(NamedTuple):
    """A setting of a learner in an environment."""

    env: str
    learner: str
    assignments: tuple[str, ...]

    def row_start(self) -> str:
        """Return the first cells of the trial's row."""
        changes = ", ".join(self.assignments).replace("=", " ") or "as the pipeline's"
        return f"| {self.env.rpartition('-')[0]} | {LEARNERS[self.learner].label} | {changes} |"


def main(arguments: argparse.Namespace) -> None:
    pipeline, table = arguments.pipeline, arguments.table
    trials = [
        Trial(env, arguments.learner, tuple(setting.split()))
        for setting, env in product(arguments.setting or [""], arguments.env)
    ]
    if load_seed(pipeline / "params.yaml") in arguments.seed:
        raise UserError(f"--seed {load_seed(pipeline / 'params.yaml')}: is the pipeline's own; try others")
    for trial in trials:
        params = pipeline / "params.yaml"
        load_section(params, LEARNERS[trial.learner].settings, trial.learner, trial.env, trial.assignments)
    trials = [trial for trial in trials if trial.row_start() not in table.read_text()]
    returns: dict[Trial, list[pl.DataFrame]] = {trial: [] for trial in trials}
    with ThreadPoolExecutor(available_cores()) as pool:
        futures = {pool.submit(returns_of, trial, seed, pipeline): trial for trial in trials for seed in arguments.seed}
        for future in as_completed(futures):
            trial = futures[future]
            returns[trial].append(future.result())
            if len(returns[trial]) == len(arguments.seed):
                references = read_returns(pipeline / f"data/results/references/{trial.env}.parquet")
                row = f"{trial.row_start()} {len(arguments.seed)} | {scores(returns[trial], references)} | – |\n"
                write_file(table, (table.read_text() + row).encode())
                print(row, end="", flush=True)


def returns_of(trial: Trial, seed: int, pipeline: Path) -> pl.DataFrame:
    """Run a learner with a seed, and return the returns of its policy's episodes."""
    with TemporaryDirectory() as folder:
        params, learned, evaluated = (Path(folder, name) for name in ("params.yaml", "learned", "returns.parquet"))
        with params.open("w") as file:
            YAML().dump(read_params(pipeline / "params.yaml") | {"seed": seed}, file)
        common = ("--params", str(params), "--env", trial.env)
        demonstrations = pipeline / f"data/demonstrations/{trial.env}.parquet"
        assignments = [part for one in ("seeds=1", *trial.assignments) for part in ("--set", one)]
        _stage(trial.learner, *common, "--demonstrations", str(demonstrations), *assignments, "--out", str(learned))
        _stage("evaluate", *common, "--learner", f"{trial.learner}={learned}", "--out", str(evaluated))
        return read_returns(evaluated)


def _stage(name: str, *arguments: str) -> None:
    command = [sys.executable, "-m", f"stages.{name}", *arguments]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise UserError(f"{' '.join(command)}: {done.stderr}")


def scores(runs: Sequence[pl.DataFrame], references: pl.DataFrame) -> str:
    """Return each run's score without and, in brackets, with noise; 1 is the expert acting in the same way."""
    random_return = mean_return(references, "random", "stochastic")
    texts = []
    for returns in sorted(runs, key=lambda one: mean_return(one, None, "deterministic")):
        quiet, noisy = (
            normalized(mean_return(returns, None, mode), random_return, mean_return(references, "expert", mode))
            for mode in MODES
        )
        texts.append(f"{quiet:.2f} ({noisy:.2f})".replace("-", "−"))
    return "; ".join(texts)


def mean_return(returns: pl.DataFrame, policy: str | None, mode: str) -> float:
    """Return the mean return of a policy's episodes, or of all policies', in a mode."""
    rows = returns.filter(pl.col("mode") == mode, pl.lit(True) if policy is None else pl.col("policy") == policy)
    return float(rows["return"].to_numpy().mean())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks.trials", description=__doc__)
    parser.add_argument("learner", choices=[name for name, one in LEARNERS.items() if one.section == name])
    parser.add_argument("--env", action="append", required=True, help="may be repeated")
    parser.add_argument("--setting", action="append", metavar='"KEY=VALUE ..."', help="may be repeated")
    parser.add_argument("--seed", action="append", type=int, required=True, help="may be repeated")
    parser.add_argument("--pipeline", type=Path, default=Path("paper"), help="whose demonstrations; default: paper")
    parser.add_argument("--table", type=Path, default=Path("docs/trials.md"), help="default: %(default)s")
    run(main, parser)
