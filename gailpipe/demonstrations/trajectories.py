"""What a table of demonstrations tells of whole trajectories: their lengths, their returns, and how they end."""

import polars as pl

from gailpipe.demonstrations.table import KNOWN


def trajectories_of(table: pl.DataFrame) -> pl.DataFrame:
    """Return a row for each trajectory: its number of pairs, and its return, length and end, null if unknown.

    Columns are trajectory, pairs, trajectory_return, trajectory_length, trajectory_terminated, terminated and
    truncated.
    """
    missing = {name: pl.lit(None, dtype) for name, dtype in KNOWN.items() if name not in table.columns}
    of_whole = pl.col("trajectory_return", "trajectory_length", "trajectory_terminated").first()
    ends = pl.col("terminated", "truncated").any(ignore_nulls=False)
    grouped = table.with_columns(**missing).group_by("trajectory", maintain_order=True)
    return grouped.agg(pl.len().alias("pairs"), of_whole, ends)


def share_ended_early(trajectories: pl.DataFrame, max_episode_steps: int) -> float | None:
    """Return the share of trajectories that ended before the time limit did it; None if most ends are unknown.

    Of a subsampled trajectory the last step may be missing. Then its length tells, where nothing else does.
    """
    early = (
        pl.when(pl.col("trajectory_terminated").is_not_null())
        .then("trajectory_terminated")
        .when(pl.col("terminated"))
        .then(True)
        .when(pl.col("truncated"))
        .then(False)
        .otherwise(pl.col("trajectory_length") < max_episode_steps)
    )
    known = trajectories.select(early.alias("early"))["early"].drop_nulls()
    return float(known.to_numpy().mean()) if 2 * len(known) > len(trajectories) else None


def summary(trajectories: pl.DataFrame) -> str:
    """Say how many trajectories and pairs there are, of how many steps, and with which mean return."""
    pairs, steps = trajectories["pairs"].sum(), trajectories["trajectory_length"]
    of_steps = "" if steps.null_count() else f" of {steps.sum():,} steps"
    returns = trajectories["trajectory_return"]
    mean = "unknown returns" if returns.null_count() else f"mean return {float(returns.to_numpy().mean()):,.1f}"
    count = len(trajectories)
    return f"{count} {'trajectory' if count == 1 else 'trajectories'}, {pairs:,} pairs{of_steps}, {mean}"
