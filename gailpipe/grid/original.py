"""The results that the paper's authors published, to stand beside ours."""

from pathlib import Path

import polars as pl

from gailpipe.foundation.errors import UserError
from gailpipe.grid.scores import normalized


class OriginalResults:
    """Normalised scores of Ho & Ermon (2016), with the random and expert returns of their own simulators.

    `policies` has one row for each learned policy, `names` the paper's name of each environment. `interactions` has how
    many steps of it were taken, there and elsewhere, for which score: that of `policies` where it is null.

    Args:
        directory: Holds returns.csv, tasks.csv and interactions.csv; see data/original/README.md.

    Raises:
        UserError: It does not hold them.
    """

    def __init__(self, directory: Path) -> None:
        try:
            returns = pl.read_csv(directory / "returns.csv")
            tasks = pl.read_csv(directory / "tasks.csv")
            self.names = dict(tasks.select("environment", "task").iter_rows())
            self.interactions = pl.read_csv(directory / "interactions.csv")
            self.policies = returns.join(tasks, on="environment").select(
                "environment",
                "algorithm",
                "trajectories",
                pl.col("entropy_coefficient").fill_null(0.0),
                "run",
                "mean_return",
                expert_return="expert_mean",
                normalized=normalized(pl.col("mean_return"), pl.col("random_mean"), pl.col("expert_mean")),
            )
        except (OSError, pl.exceptions.PolarsError) as error:
            raise UserError(f"{directory}: must hold returns.csv, tasks.csv and interactions.csv: {error}") from error
