"""A table of runs for a terminal, and plain lines for elsewhere."""

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from tqdm import tqdm

from gailpipe.watch.runs import WatchedRun, curve

STATES = {"is done": "done", "was interrupted": "stopped"}
NOTHING = "Nothing is training here; `dvc repro`, or a stage alone, shows up as soon as it has done its first steps."
WIDEST_CURVE, WIDTH_OF_THE_OTHERS = 30, 74  # characters


def table(runs: Sequence[WatchedRun], width: int) -> RenderableType:
    """Return the table, `width` characters wide, and below it what to expect if none of `runs` goes on."""
    room = min(max(width - WIDTH_OF_THE_OTHERS, 1), WIDEST_CURVE)
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    for heading in ("run", "progress", "steps/s", "return", "", "D right:\nexpert/\npolicy", "left"):
        table.add_column(heading, no_wrap=True)
    for run in runs:
        table.add_row(
            run.logged.name,
            f"{run.steps / run.logged.steps:.0%} of {tqdm.format_sizeof(run.logged.steps)}",
            f"{run.steps_per_second:,.0f}",
            _latest(run, "return"),
            curve(run.values("return"), room),
            _accuracies(run),
            _left(run),
            style="" if run.state == "runs" else "dim",
        )
    return table if any(run.state == "runs" for run in runs) else Group(table, NOTHING)


def line(run: WatchedRun) -> str:
    """Return what the table says of a run, without its curve."""
    told = {"return": _latest(run, "return"), "D right on expert / policy": _accuracies(run)}
    return "  ".join(
        [
            f"{run.logged.name}: {run.steps:,.0f} of {run.logged.steps:,} steps",
            f"{run.steps_per_second:,.0f} steps/s",
            *(f"{name} {value}" for name, value in told.items() if value),
            f"{_left(run)} left" if run.state == "runs" else _left(run),
        ]
    )


def _latest(run: WatchedRun, metric: str) -> str:
    values = run.values(metric)
    return f"{values[-1]:,.4g}" if values else ""


def _accuracies(run: WatchedRun) -> str:
    found = [run.values(metric) for metric in ("expert_accuracy", "policy_accuracy")]
    return "/".join(f"{values[-1]:.0%}" for values in found if values)


def _left(run: WatchedRun) -> str:
    return tqdm.format_interval(run.seconds_left) if run.state == "runs" else STATES[run.state]
