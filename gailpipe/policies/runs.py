"""Runs of one learner that differ in their seed alone."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import polars as pl
import torch

from gailpipe.foundation.errors import UserError
from gailpipe.foundation.files import write_directory
from gailpipe.foundation.processes import side_by_side
from gailpipe.foundation.tables import table_bytes
from gailpipe.policies.policy import Policy
from gailpipe.policies.policy_file import policy_bytes

Run = Callable[[int, Path], tuple[Policy, pl.DataFrame]]


def train_seeds(run: Run, seeds: int, scratch: Path, out: Path) -> None:
    """Run a learner side by side with seeds 0 … `seeds` − 1, and make the directory `out` of what they learned.

    It then holds seed-0.safetensors …, and learning.parquet with all learning curves and their `seed`.

    Args:
        run: Maps a seed, and a folder for its checkpoints, to a policy and its learning curve.
        seeds: How many.
        scratch: Holds the folders of checkpoints.
        out: Where nothing else is.
    """
    runs = list(side_by_side(partial(_train, run, scratch), range(seeds)))
    files = {f"seed-{seed}.safetensors": policy for seed, (policy, _) in enumerate(runs)}
    curves = pl.concat(curves.with_columns(seed=pl.lit(seed)) for seed, (_, curves) in enumerate(runs))
    write_directory(out, files | {"learning.parquet": table_bytes(curves)})


def _train(run: Run, scratch: Path, seed: int) -> tuple[bytes, pl.DataFrame]:
    torch.set_num_threads(1)
    try:
        policy, curves = run(seed, scratch / f"seed-{seed}")
    except UserError as error:
        raise UserError(f"seed {seed}: {error}") from error
    return policy_bytes(policy), curves
