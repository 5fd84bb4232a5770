"""The table of demonstrations, which all learners read: a row for each state-action pair."""

import numpy as np
import polars as pl

NEEDED = ("trajectory", "observation", "action")
KNOWN = {
    "step": pl.Int32,
    "reward": pl.Float64,
    "terminated": pl.Boolean,
    "truncated": pl.Boolean,
    "trajectory_return": pl.Float64,
    "trajectory_length": pl.Int32,
    "trajectory_terminated": pl.Boolean,
}
"""What else may be known of a pair: null where it is not. So is next_observation, which is like an observation."""
MOST_BLUR = 1e-3  # of single precision, as a share of a feature's standard deviation


def with_single_precision(table: pl.DataFrame) -> pl.DataFrame:
    """Return a table of demonstrations with observations in single precision, unless that blurs a feature."""
    observations = table["observation"].to_numpy()  # (num_pairs, observation_dim)
    blur, std = np.abs(observations - observations.astype(np.float32)).max(0), observations.std(0)
    constant = (observations == observations[0]).all(0)  # whatever rounding says of its standard deviation
    if (~constant & (blur > MOST_BLUR * std)).any():
        return table
    single = pl.Array(pl.Float32, observations.shape[1])
    return table.with_columns(pl.col("observation", "next_observation").cast(single))
