"""The metrics of a run, one row an iteration: shown and logged as they arise, checked to be finite, kept as curves."""

import os
from collections.abc import Iterable, Mapping
from math import isnan, nan

import polars as pl
import polars.selectors as cs
import torch
from torch import Tensor, nn

from gailpipe.foundation.errors import UserError
from gailpipe.foundation.progress import Progress
from gailpipe.training.checkpoint import Checkpoint, Metrics, Part
from gailpipe.training.log import Log

SHOWN = {
    "return": "return",
    "validation_error": "validation error",
    "expert_accuracy": "D right on expert",
    "policy_accuracy": "on policy",
}


def follow(
    training: Iterable[Metrics], work: str, steps: int, clock: str, checkpoint: Checkpoint, seed: int | None = None
) -> None:
    """Show and log a training's metrics as they arise, to its end.

    Args:
        training: Yields them.
        work: What is done, such as gail Hopper-v5; where DVC runs a stage, the stage's name stands in its place.
        steps: How many there will be.
        clock: The metric that counts them.
        checkpoint: Holds the metrics of earlier processes, and those that `training` yields.
        seed: The number of the run, where several are side by side.
    """
    before = checkpoint.metrics[-1][clock] if checkpoint.metrics else 0.0
    name = os.environ.get("DVC_STAGE", work) + ("" if seed is None else f" seed {seed}")
    log, shown = Log(name, steps, clock, checkpoint), dict[str, float]()
    with Progress(name, steps, position=seed or 0) as progress:
        if before:
            progress.resume(int(before))
        for metrics in training:
            shown.update({name: metrics[key] for key, name in SHOWN.items() if not isnan(metrics.get(key, nan))})
            progress.advance(int(metrics[clock] - before), shown)
            before = metrics[clock]
            log.append(metrics)


def learning_curves(checkpoint: Checkpoint) -> pl.DataFrame:
    """Return the metrics of all iterations, in single precision; what no episode told, since none ended, is null."""
    no_episode_ended = cs.by_name("return", "length", require_all=False)
    curves = pl.DataFrame(checkpoint.metrics, infer_schema_length=None).with_columns(no_episode_ended.fill_nan(None))
    return curves.cast({cs.float(): pl.Float32, cs.integer(): pl.Int32})


def require_finite(place: str, quantities: Mapping[str, Tensor | float]) -> None:
    """Check that `quantities` hold no NaN and no infinity.

    Raises:
        UserError: Names `place`, such as an environment and its iteration, and the first quantity that does.
    """
    for name, values in quantities.items():
        if not torch.as_tensor(values).isfinite().all():
            advice = "lower the learning rates, or mend the environment"
            raise UserError(f"{place}: {name}: a NaN or an infinity arose; {advice}")


def require_finite_parts(place: str, parts: Mapping[str, Part]) -> None:
    """Check that no parameter or buffer of `parts` is NaN or infinite.

    Raises:
        UserError: Names `place`, and the first of them that is.
    """
    for name, part in parts.items():
        if isinstance(part, nn.Module):
            require_finite(place, {f"{name}'s {key}": tensor for key, tensor in part.state_dict().items()})
