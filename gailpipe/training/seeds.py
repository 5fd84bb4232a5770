"""Runs of one learner that differ in their seed alone."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

import polars as pl

from gailpipe.foundation.errors import UserError
from gailpipe.foundation.files import write_directory
from gailpipe.foundation.processes import side_by_side
from gailpipe.foundation.scratch import scratch
from gailpipe.foundation.tables import table_bytes
from gailpipe.policies.policy import Policy
from gailpipe.policies.policy_file import policy_bytes
from gailpipe.training.compute import use_one_thread


class Learned(NamedTuple):
    """What a run ends with."""

    policy: Policy
    curves: pl.DataFrame
    beside: dict[str, bytes]
    """Contents of further files, by what they hold."""


Run = Callable[[int, Path], Learned]


def train_seeds(work: str, parameters: object, demonstrations: Path, run: Run, seeds: int, out: Path) -> None:
    """Run a learner side by side with seeds 0 … `seeds` − 1, and make the directory `out` of what they learned.

    It then holds seed-0.safetensors …, what a run has beside its policy as seed-0-NAME.safetensors …, and
    learning.parquet with all learning curves and their `seed`. What an interrupted process did is not done again
    (`scratch`).

    Args:
        work: The learner and the task, such as gail-Hopper-v5.
        parameters: What decides the result beside the demonstrations, as JSON takes it.
        demonstrations: The file that the learner reads.
        run: Maps a seed, and a folder for its checkpoints, to what was learned.
        seeds: How many.
        out: Where nothing else is.

    Raises:
        UserError: The demonstrations are missing, something else is at `out`, or a run failed: names its seed.
    """
    with scratch(work, parameters, [demonstrations], out) as folder:
        runs = list(side_by_side(partial(_train, run, folder), range(seeds)))
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
