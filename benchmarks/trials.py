"""Try settings of a learner, or of the expert, on seeds that no pipeline uses, and put scores into the table of trials.

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

from gailpipe.algorithms.catalogue import LEARNERS, actor
from gailpipe.algorithms.expert.settings import Expert
from gailpipe.evaluation.returns import MODES, read_returns
from gailpipe.evaluation.scores import normalized
from gailpipe.foundation.command import run
from gailpipe.foundation.errors import UserError
from gailpipe.foundation.files import write_file
from gailpipe.foundation.params import load_section, load_seed, read_params
from gailpipe.foundation.processes import available_cores

EXPERT = "expert"


class Trial(NamedTuple):
    """A setting of a learner in an environment."""

    env: str
    learner: str
    assignments: tuple[str, ...]

    def row_start(self) -> str:
        """Return the first cells of the trial's row."""
        changes = ", ".join(self.assignments).replace("=", " ") or "as the pipeline's"
        return f"| {self.env.rpartition('-')[0]} | {actor(self.learner).label} | {changes} |"


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
        model = Expert if trial.learner == EXPERT else LEARNERS[trial.learner].settings
        load_section(params, model, trial.learner, trial.env, trial.assignments)
    trials = [trial for trial in trials if trial.row_start() not in table.read_text()]
    returns: dict[Trial, list[pl.DataFrame]] = {trial: [] for trial in trials}
    with ThreadPoolExecutor(available_cores()) as pool:
        futures = {pool.submit(returns_of, trial, seed, pipeline): trial for trial in trials for seed in arguments.seed}
        for future in as_completed(futures):
            trial = futures[future]
            returns[trial].append(future.result())
            if len(returns[trial]) == len(arguments.seed):
                found = made(returns[trial]) if trial.learner == EXPERT else scores(returns[trial], pipeline, trial.env)
                row = f"{trial.row_start()} {len(arguments.seed)} | {'; '.join(found)} | – |\n"
                write_file(table, (table.read_text() + row).encode())
                print(row, end="", flush=True)


def returns_of(trial: Trial, seed: int, pipeline: Path) -> pl.DataFrame:
    """Run a learner with a seed, and return the returns of its policy's episodes."""
    with TemporaryDirectory() as folder:
        params, learned, evaluated = (Path(folder, name) for name in ("params.yaml", "learned", "returns.parquet"))
        with params.open("w") as file:
            YAML().dump(read_params(pipeline / "params.yaml") | {"seed": seed}, file)
        common = ("--params", str(params), "--env", trial.env)
        assignments = [part for one in trial.assignments for part in ("--set", one)]
        if trial.learner == EXPERT:
            _stage("expert", *common, *assignments, "--out", str(learned))
            expert, sampled = str(learned / "policy.safetensors"), str(Path(folder, "sampled.parquet"))
            _stage("sample", *common, "--expert", expert, "--out", sampled, "--references", str(evaluated))
            return read_returns(evaluated).filter(policy=EXPERT)
        learning = ("--demonstrations", str(pipeline / f"data/demonstrations/{trial.env}.parquet"), "--set", "seeds=1")
        _stage(trial.learner, *common, *learning, *assignments, "--out", str(learned))
        _stage("evaluate", *common, "--learner", f"{trial.learner}={learned}", "--out", str(evaluated))
        return read_returns(evaluated)


def _stage(name: str, *arguments: str) -> None:
    command = [sys.executable, "-m", f"stages.{name}", *arguments]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise UserError(f"{' '.join(command)}: {done.stderr}")


def scores(runs: Sequence[pl.DataFrame], pipeline: Path, env: str) -> list[str]:
    """Return each run's score without and, in brackets, with noise; 1 is the expert acting in the same way."""
    references = read_returns(pipeline / f"data/results/references/{env}.parquet")
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
    parser.add_argument("learner", choices=[EXPERT, *(name for name, one in LEARNERS.items() if one.section == name)])
    parser.add_argument("--env", action="append", required=True, help="may be repeated")
    parser.add_argument("--setting", action="append", metavar='"KEY=VALUE ..."', help="may be repeated")
    parser.add_argument("--seed", action="append", type=int, required=True, help="may be repeated")
    parser.add_argument("--pipeline", type=Path, default=Path("paper"), help="whose demonstrations; default: paper")
    parser.add_argument("--table", type=Path, default=Path("docs/trials.md"), help="default: %(default)s")
    run(main, parser)
