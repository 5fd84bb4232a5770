"""Runs of one learner that differ in their seed alone."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import polars as pl
import torch

from gailpipe.foundation.files import whole_directory
from gailpipe.foundation.processes import side_by_side
from gailpipe.foundation.tables import write_table
from gailpipe.policies.policy import Policy
from gailpipe.policies.policy_file import save_policy

Run = Callable[[int], tuple[Policy, pl.DataFrame]]


def train_seeds(run: Run, seeds: int, out: Path) -> None:
    """Run `run(0)` … `run(seeds − 1)` side by side, and fill the directory `out` with what they learned.

    It then holds seed-0.safetensors …, and learning.parquet with all learning curves and their `seed`.
    """
    with whole_directory(out) as aside:
        curves = side_by_side(partial(_train_and_save, run, aside), range(seeds))
        write_table(pl.concat(curves), aside / "learning.parquet")


def _train_and_save(run: Run, out: Path, seed: int) -> pl.DataFrame:
    torch.set_num_threads(1)
    policy, curves = run(seed)
    save_policy(policy, out / f"seed-{seed}.safetensors")
    return curves.with_columns(seed=pl.lit(seed))
