"""How speed grows with copies of the environment, with networks and with seeds, and DVC's own work with stages."""

import statistics
from collections.abc import Callable, Iterator, Mapping
from functools import partial

from benchmarks.dvc_commands import commands_table
from benchmarks.runs import gail_speed, in_new_process, off_policy_speed
from gailpipe.algorithms.dac.settings import Dac
from gailpipe.algorithms.gail.settings import Gail
from gailpipe.foundation.processes import available_cores, side_by_side
from gailpipe.report.tables import table

ENV = "Hopper-v5"
GAIL_COPIES, DAC_COPIES = (16, 64, 256), (4, 16, 64)
UNITS = (64, 128, 256)
SEEDS = (1, 2, 4)
COLUMNS = ("GAIL", "DAC")
SECTION = f"""\
## How it grows

Steps per second of one run on one core on {ENV}, with the settings above but for what a row names. GAIL's rollouts have
the same size with more copies. The last rows are of so many runs together, which share the cores.

{{speeds}}

CPU seconds of DVC's commands, the median of three; at the root nothing is out of date. `--cd paper` is the paper's
pipeline, which has more stages:

{{commands}}
"""


def variants(gail: Gail, dac: Dac) -> Iterator[tuple[str, Gail, Dac, int]]:
    """Yield what is measured: its name, settings of GAIL and of DAC, and how many seeds run side by side."""
    size = gail.num_envs * gail.num_steps
    for copies, others in zip(GAIL_COPIES, DAC_COPIES, strict=True):
        name = f"{copies} copies of the environment, DAC {others}"
        rollouts = {"num_envs": copies, "num_steps": size // copies}
        yield name, gail.model_copy(update=rollouts), dac.model_copy(update={"num_envs": others}), 1
    for units in UNITS:
        layers = {"hidden_sizes": [units, units]}
        yield f"two layers of {units} units", gail.model_copy(update=layers), dac.model_copy(update=layers), 1
    for seeds in (count for count in SEEDS if count <= 2 * available_cores()):  # all at once
        yield f"{seeds} side by side", gail, dac, seeds


def measure_growth(gail: Gail, dac: Dac, seconds: float, rounds: int) -> dict[str, dict[str, float]]:
    """Return the steps per second of each variant, the medians of rounds in which all take their turn."""
    measured: dict[str, list[tuple[float, float]]] = {}
    for number in range(1, rounds + 1):
        for name, one, other, seeds in variants(gail, dac):
            speeds = speed(gail_speed, one, seconds, seeds), speed(off_policy_speed, other, seconds, seeds)
            measured.setdefault(name, []).append(speeds)
            print(f"{ENV}, {name}, round {number} of {rounds}, steps/s: {speeds[0]:,.0f}, {speeds[1]:,.0f}", flush=True)
    return {
        name: dict(zip(COLUMNS, (statistics.median(one) for one in zip(*rows, strict=True)), strict=True))
        for name, rows in measured.items()
    }


def speed(measure: Callable[..., float], settings: Gail | Dac, seconds: float, seeds: int) -> float:
    """Return the steps per second of all seeds' runs together, each on one thread of a process of its own."""
    if seeds == 1:
        return in_new_process(measure, settings, seconds, ENV, 0)
    return sum(side_by_side(partial(measure, settings, seconds, ENV), range(seeds)))


def section(speeds: Mapping[str, Mapping[str, float]], commands: Mapping[str, float]) -> str:
    """Return the part of the page that shows this, in Markdown."""
    rows = [{"": name} | {column: f"{found[column]:,.0f}" for column in COLUMNS} for name, found in speeds.items()]
    return SECTION.format(speeds=table(rows, labels=1), commands=commands_table(commands))
