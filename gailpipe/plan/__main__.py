"""List what `dvc repro` would run and why, with the time that each stage took last, and the sum.

Times are those of this repository's own runs, else those in stage-times.json, which Git tracks. They are scaled by
budgets that have changed since, and by the cores. What the run-cache has will take none; that is not known here.
"""

import argparse
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from tqdm import tqdm

from gailpipe.foundation.command import run
from gailpipe.foundation.processes import available_cores, processor
from gailpipe.plan.repository import open_repository
from gailpipe.plan.stages import Planned, planned_stages
from gailpipe.plan.tracked import record


def main(arguments: argparse.Namespace) -> None:
    with open_repository() as (repo, times):
        if arguments.record:
            names = {stage.addressing for stage in repo.index.stages}
            record({name: time for name, time in times.items() if name in names})
        else:
            show(planned_stages(repo, arguments.targets, times, available_cores()), times)


def show(planned: Sequence[Planned], times: Mapping[str, Any]) -> None:
    """Print a line for each stage, and the sum."""
    if not planned:
        print("Nothing: all stages are up to date.")
        return
    width = max(len(stage.name) for stage in planned)
    for stage in planned:
        took = "?" if stage.seconds is None else tqdm.format_interval(stage.seconds)
        print(f"{stage.name:<{width}}  {took:>8}  {stage.reasons}")
    known = [stage.seconds for stage in planned if stage.seconds is not None]
    unknown = len(planned) - len(known)
    sums = [f"{tqdm.format_interval(sum(known))} one after another on {available_cores()} cores"] if known else []
    sums += [f"{unknown} that nobody has timed"] if unknown else []
    print(f"\n{len(planned)} stages: {', and '.join(sums)}")
    elsewhere = Counter(times[stage.name]["processor"] for stage in planned if stage.name in times)
    del elsewhere[processor()]
    if elsewhere:
        print(f"Of these {sum(elsewhere.values())} were timed on {' and '.join(elsewhere)}; this is {processor()}.")
    if any("no result" in stage.reasons for stage in planned):
        print("`dvc pull --run-cache --allow-missing` restores the results that are stored; it comes first.")


if __name__ == "__main__":
    description = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(prog="python -m gailpipe.plan", description=__doc__, formatter_class=description)
    parser.add_argument("targets", nargs="*", default=["dvc.yaml"], help="stages or dvc.yaml files; default: dvc.yaml")
    parser.add_argument("--record", action="store_true", help="write this repository's own times to stage-times.json")
    run(main, parser)
