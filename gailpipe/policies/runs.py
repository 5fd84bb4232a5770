"""Runs of one learner that differ in their seed alone."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import polars as pl

from gailpipe.foundation.errors import UserError
from gailpipe.foundation.files import write_directory
from gailpipe.foundation.processes import side_by_side
from gailpipe.foundation.scratch import scratch
from gailpipe.foundation.tables import table_bytes
from gailpipe.policies.compute import use_one_thread
from gailpipe.policies.policy import Policy
from gailpipe.policies.policy_file import policy_bytes

Run = Callable[[int, Path], tuple[Policy, pl.DataFrame]]


def train_seeds(work: str, parameters: object, demonstrations: Path, run: Run, seeds: int, out: Path) -> None:
    """Run a learner side by side with seeds 0 … `seeds` − 1, and make the directory `out` of what they learned.

    It then holds seed-0.safetensors …, and learning.parquet with all learning curves and their `seed`. What an
    interrupted process did is not done again (`scratch`).

    Args:
        work: The learner and the task, such as gail-Hopper-v5.
        parameters: What decides the result beside the demonstrations, as JSON takes it.
        demonstrations: The file that the learner reads.
        run: Maps a seed, and a folder for its checkpoints, to a policy and its learning curve.
        seeds: How many.
        out: Where nothing else is.
    """
    with scratch(work, parameters, [demonstrations], out) as folder:
        runs = list(side_by_side(partial(_train, run, folder), range(seeds)))
        files = {f"seed-{seed}.safetensors": policy for seed, (policy, _) in enumerate(runs)}
        curves = pl.concat(curves.with_columns(seed=pl.lit(seed)) for seed, (_, curves) in enumerate(runs))
        write_directory(out, files | {"learning.parquet": table_bytes(curves)})


def _train(run: Run, checkpoints: Path, seed: int) -> tuple[bytes, pl.DataFrame]:
    use_one_thread()
    try:
        policy, curves = run(seed, checkpoints / f"seed-{seed}")
    except UserError as error:
        raise UserError(f"seed {seed}: {error}") from error
    return policy_bytes(policy), curves
