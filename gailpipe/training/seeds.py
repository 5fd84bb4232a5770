"""Runs of one learner that differ in their seed alone."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Generic, NamedTuple, TypeVar

import polars as pl
import torch

from gailpipe.envs.environment import Environment
from gailpipe.foundation.errors import UserError
from gailpipe.foundation.files import write_directory
from gailpipe.foundation.processes import side_by_side
from gailpipe.foundation.scratch import scratch
from gailpipe.foundation.seeding import derive_seed
from gailpipe.foundation.tables import table_bytes
from gailpipe.policies.policy import Policy
from gailpipe.policies.policy_file import policy_bytes
from gailpipe.training.compute import use_one_thread
from gailpipe.training.settings import Imitator

Settings = TypeVar("Settings", bound=Imitator)


class Learned(NamedTuple):
    """What a run ends with."""

    policy: Policy
    curves: pl.DataFrame
    beside: dict[str, bytes]
    """Contents of further files, by what they hold."""


@dataclass(frozen=True)
class Run(ABC, Generic[Settings]):
    """A run of an algorithm on the demonstrations in a file; can be pickled."""

    algorithm: str
    environment: Environment
    demonstrations: Path
    settings: Settings
    seed: int
    """The pipeline's, from which each run derives its own."""

    @property
    def name(self) -> str:
        return f"{self.algorithm} {self.environment.name}"

    def generator(self, index: int) -> torch.Generator:
        """Return what draws all of a run but what environments draw."""
        return torch.Generator().manual_seed(derive_seed(self.seed, self.algorithm, self.environment.name, index))

    @abstractmethod
    def __call__(self, index: int, checkpoints: Path) -> Learned:
        """Learn as run number `index`, with a folder for checkpoints."""


def train_seeds(run: Run, out: Path) -> None:
    """Do `run` side by side as often as its settings say, and make the directory `out` of what was learned.

    It then holds seed-0.safetensors …, what a run has beside its policy as seed-0-NAME.safetensors …, and
    learning.parquet with all learning curves and their `seed`. What an interrupted process did is not done again
    (`scratch`).

    Raises:
        UserError: The demonstrations will not do, something else is at `out`, or a run failed: names its seed.
    """
    parameters = {"seed": run.seed, "environment": run.environment.description(), **run.settings.model_dump()}
    with scratch(f"{run.algorithm}-{run.environment.name}", parameters, [run.demonstrations], out) as folder:
        runs = list(side_by_side(partial(_train, run, folder), range(run.settings.seeds)))
        files = {name: content for contents, _ in runs for name, content in contents.items()}
        curves = pl.concat(curves.with_columns(seed=pl.lit(seed)) for seed, (_, curves) in enumerate(runs))
        write_directory(out, files | {"learning.parquet": table_bytes(curves)})


def _train(run: Run, checkpoints: Path, seed: int) -> tuple[dict[str, bytes], pl.DataFrame]:
    use_one_thread()
    try:
        learned = run(seed, checkpoints / f"seed-{seed}")
    except UserError as error:
        raise UserError(f"seed {seed}: {error}") from error
    beside = {f"seed-{seed}-{name}.safetensors": content for name, content in learned.beside.items()}
    return {f"seed-{seed}.safetensors": policy_bytes(learned.policy), **beside}, learned.curves
