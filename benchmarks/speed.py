"""Measure steps per second: random actions, GAIL on all cores, its actions alone, DAC, and a peer's GAIL.

All is measured in turns on one machine; what counts are the ratios. Then how it grows, and what DVC itself takes.
"""

import argparse
import json
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.dvc_commands import measure_commands, require_nothing_to_run
from benchmarks.growth import measure_growth, section
from benchmarks.machine import describe_machine
from benchmarks.peer import peer_parser, peer_speed, require_peer
from benchmarks.runs import (
    CEILING_ENVS,
    NO_SUCCESS,
    gail_speed,
    in_new_process,
    off_policy_speed,
    random_speed,
    side_by_side_speeds,
)
from gailpipe.algorithms.dac.settings import Dac
from gailpipe.algorithms.gail.settings import Gail
from gailpipe.envs.environment import find_environment
from gailpipe.foundation.command import run
from gailpipe.foundation.errors import UserError
from gailpipe.foundation.files import write_file
from gailpipe.foundation.params import load_section
from gailpipe.foundation.processes import available_cores
from gailpipe.rl.off_policy.replay import bytes_a_step

ENVS = ("HalfCheetah-v5", "Hopper-v5", "Walker2d-v5", "Ant-v5", "Humanoid-v5")
WIDE = [256, 256]
PAGE = """\
# Speed

Environment steps per second, on all cores:

- random: random actions, in one process with {ceiling_envs} environments;
- GAIL, side by side: all that it does, one run for each core;
- replayed: the actions of these runs once more, without learning, in environments that start anew with them;
- GAIL, one run: it has all cores;
- `imitation`: one run of the GAIL of `imitation` 1.0.1 (PPO with its defaults, 8 environments, of Gymnasium 0.29, to
  which it is pinned). It has all cores, too, but steps its environments one after the other.

Both imitate the random policy. Steps that reset are not counted, but for DAC's below. GAIL / replayed is what learning
costs. GAIL / `imitation` compares all runs of ours with one of the peer's; several of it side by side would gain.

| environment | random | replayed | GAIL, side by side | GAIL, one run | `imitation` | GAIL / random \
| GAIL / replayed | GAIL / `imitation` |
|---|--:|--:|--:|--:|--:|--:|--:|--:|
{rows}

One run of DAC on one core, {updates:g} updates a step, networks of {sizes} units and batches of {batch}; updates per
second also of networks of 256 units; and what its replay buffer takes:

| environment | DAC, steps | updates | updates, 256 units | MB for a million steps |
|---|--:|--:|--:|--:|
{off_policy_rows}

{growth}
Medians of {rounds} rounds, in each of which all took their turn for {seconds:g} seconds; each ratio, too, is the median
of the rounds' own. GAIL has the common settings of params.yaml, and starts from a random policy. `make bench` makes
this page. {machine}
"""


def main(arguments: argparse.Namespace) -> None:
    for name in ("seconds", "rounds"):
        if not getattr(arguments, name) > 0:
            raise UserError(f"--{name}: {getattr(arguments, name):g}: must be greater than 0")
    settings = load_section(arguments.params, Gail, "gail", assignments=[NO_SUCCESS])
    require_peer(arguments.peer)
    require_nothing_to_run()
    dac = load_section(arguments.params, Dac, "dac", assignments=[NO_SUCCESS])
    results = {}
    for environment in ENVS:
        rounds = list[dict[str, float]]()
        for number in range(1, arguments.rounds + 1):
            rounds.append(measure(environment, settings, dac, arguments.peer, arguments.seconds))
            shown = ", ".join(f"{name} {speed:,.0f}" for name, speed in rounds[-1].items())
            print(f"{environment}, round {number} of {arguments.rounds}, steps/s: {shown}", flush=True)
        results[environment] = summarise(rounds)
    growth = measure_growth(settings, dac, arguments.seconds, arguments.rounds)
    commands = measure_commands()
    found = {"speeds": results, "growth": growth, "commands": commands}
    write_file(arguments.out / "benchmarks.json", f"{json.dumps(found, indent=2)}\n".encode())
    text = page(results, section(growth, commands), dac, arguments.rounds, arguments.seconds)
    write_file(arguments.out / "benchmarks.md", text.encode())


def measure(environment: str, settings: Gail, dac: Dac, peer: Path, seconds: float) -> dict[str, float]:
    """Return the steps per second of all, one after the other."""
    random = in_new_process(random_speed, seconds, environment)
    side_by_side, replayed = side_by_side_speeds(settings, seconds, environment)
    return {
        "random_actions": random,
        "replayed_actions": replayed,
        "gail_side_by_side": side_by_side,
        "gail_single": in_new_process(gail_speed, settings, seconds, environment, 0, available_cores()),
        "dac": in_new_process(off_policy_speed, dac, seconds, environment, 0),
        "dac_256": in_new_process(
            off_policy_speed, dac.model_copy(update={"hidden_sizes": WIDE}), seconds, environment, 0
        ),
        "imitation": peer_speed(peer, seconds, environment),
    }


def summarise(rounds: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Return medians of the steps per second, and of the ratios that count: each is one of a single round."""

    def ratio(name: str) -> float:
        return statistics.median(speeds["gail_side_by_side"] / speeds[name] for speeds in rounds)

    return {name: round(statistics.median(speeds[name] for speeds in rounds)) for name in rounds[0]} | {
        "share_of_ceiling": round(ratio("random_actions"), 3),
        "share_of_replayed": round(ratio("replayed_actions"), 3),
        "times_imitation": round(ratio("imitation"), 2),
    }


def page(results: dict[str, dict[str, float]], growth: str, dac: Dac, rounds: int, seconds: float) -> str:
    """Return the results as a page in Markdown."""
    names = ("random_actions", "replayed_actions", "gail_side_by_side", "gail_single", "imitation")
    rows = [
        f"| {environment} | {' | '.join(f'{row[name]:,}' for name in names)}"
        f" | {row['share_of_ceiling']:.2f} | {row['share_of_replayed']:.2f} | {row['times_imitation']:.1f} |"
        for environment, row in results.items()
    ]
    off_policy_rows = [
        f"| {environment} | {row['dac']:,} | {dac.updates_per_step * row['dac']:,.0f}"
        f" | {dac.updates_per_step * row['dac_256']:,.0f} | {bytes_a_step(find_environment(environment)):,.0f} |"
        for environment, row in results.items()
    ]
    return PAGE.format(
        off_policy_rows="\n".join(off_policy_rows),
        growth=growth,
        updates=dac.updates_per_step,
        sizes=" and ".join(map(str, dac.hidden_sizes)),
        batch=dac.batch_size,
        rows="\n".join(rows),
        rounds=rounds,
        seconds=seconds,
        ceiling_envs=CEILING_ENVS,
        machine=describe_machine(),
    )


if __name__ == "__main__":
    parser = peer_parser("speed", __doc__, Path("params.yaml"))
    parser.add_argument("--seconds", type=float, default=10, help="of each measurement; default: %(default)s")
    parser.add_argument("--rounds", type=int, default=5, help="default: %(default)s")
    run(main, parser)
