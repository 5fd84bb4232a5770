"""The scores of the paper's pipeline, as reports/metrics.json has those of the root's."""

from typing import Any

import polars as pl

from gailpipe.evaluation.scores import score

COLUMNS = ("demonstrations", "trajectories", "algorithm", "entropy_coefficient")


def grid_metrics(results: str) -> dict[str, dict[str, Any]]:
    """Return an entry for each demonstration set in the text of paper/report/results.csv, with one for each learner."""
    metrics: dict[str, dict[str, Any]] = {}
    policies = pl.read_csv(results.encode())
    for (demonstrations, trajectories, algorithm, weight), runs in policies.group_by(COLUMNS, maintain_order=True):
        ends = {policy: {"return": runs[f"{policy}_return"][0]} for policy in ("random", "expert")}
        summary = score(runs["normalized"].to_list())
        learner = f"{algorithm}, λ = {weight:g}" if weight else algorithm
        metrics.setdefault(f"{demonstrations} from {trajectories} (paper)", ends)[str(learner)] = {
            "normalized": summary.value,
            "normalized_ci95": summary.ci95,
            "seeds": summary.seeds,
        }
    return metrics
