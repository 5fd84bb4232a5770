"""Run all stages that are out of date side by side, on the cores of this machine or on Dask workers."""

import argparse
import logging
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path
from time import sleep

from dvc.repo import Repo

from gailpipe.cluster.cores import Cores
from gailpipe.cluster.leash import PlaceLostError, StageFailedError
from gailpipe.cluster.order import Job, assign, by_urgency
from gailpipe.cluster.view import View
from gailpipe.cluster.workspace import Places, Workspace
from gailpipe.foundation.command import run
from gailpipe.foundation.errors import UserError
from gailpipe.foundation.processes import available_cores
from gailpipe.plan.repository import open_repository
from gailpipe.plan.stages import Planned, planned_stages
from gailpipe.plan.stale import parsed_once
from gailpipe.review.rwlock import reserve

SECONDS_BETWEEN_LOOKS = 1.0  # at which places there are


def main(arguments: argparse.Namespace) -> None:
    for library in ("dvc", "distributed"):  # whose lines would come between ours
        logging.getLogger(library).setLevel(logging.CRITICAL)
    try:
        with open_repository(wait=True) as (repo, times):
            if arguments.scheduler:  # asked before there is a plan: that it has no workers is said sooner
                from gailpipe.cluster.workers import Workers

                places: Places = Workers(arguments.scheduler, Path(repo.root_dir))
            else:
                places = Cores(Path(repo.tmp_dir, "cluster"))
            planned = by_urgency(planned_stages(repo, arguments.targets, times, available_cores()))
            if not planned:
                places.stop()
                print("Nothing: all stages are up to date.")
                return
            failed = run_all(repo, planned, places)
            if failed:
                raise UserError(f"{failed} of {len(planned)} stages failed or could not run; the others are on record")
    except StageFailedError as error:
        raise UserError(
            f"not all that was done is in dvc.lock: {error}; the run-cache has it, so run this again"
        ) from error


def run_all(repo: Repo, planned: Sequence[Planned], places: Places) -> int:
    """Run stages as `run_stages` does, with nobody else at work here, and put what was done into dvc.lock.

    Raises:
        UserError: No stage can run any more, or another command is at work here.
        StageFailedError: What was done can't be put into dvc.lock.
    """
    view, workspace = View(planned), Workspace(repo, places)
    with reserve(repo), parsed_once(), view.live:
        try:
            return run_stages(planned, workspace, view)
        finally:
            workspace.record()


def run_stages(planned: Sequence[Planned], workspace: Workspace, view: View) -> int:
    """Run stages, the first one first where there is a choice, and return how many failed or could not run.

    Raises:
        UserError: No stage can run any more.
    """
    waiting, failed = list(planned), 0
    unfinished = {stage.name for stage in planned}
    running: dict[Future[None], Job] = {}
    with ThreadPoolExecutor(len(planned)) as pool:
        try:
            while waiting or running:
                ready = [stage for stage in waiting if unfinished.isdisjoint(stage.upstream)]
                for job in assign(ready, workspace.places.cores(), running.values()):
                    waiting.remove(job.planned)
                    running[pool.submit(workspace.run, job, view.start)] = job
                if not running:
                    view.wait()
                    sleep(SECONDS_BETWEEN_LOOKS)
                for future in wait(running, SECONDS_BETWEEN_LOOKS, FIRST_COMPLETED).done:
                    stage = running.pop(future).planned
                    try:
                        future.result()
                    except PlaceLostError as error:
                        view.lose(stage.name, str(error))
                        waiting.insert(0, stage)
                    except StageFailedError as error:
                        below = [other for other in waiting if stage.name in other.upstream]
                        view.fail(stage.name, str(error), [other.name for other in below])
                        waiting = [other for other in waiting if other not in below]
                        failed += 1 + len(below)
                    else:
                        unfinished.remove(stage.name)
                        view.finish(stage.name)
        finally:
            workspace.stop()
    return failed


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m gailpipe.cluster", description=__doc__)
    parser.add_argument("targets", nargs="*", default=["dvc.yaml"], help="stages or dvc.yaml files; default: dvc.yaml")
    parser.add_argument("--scheduler", metavar="ADDRESS", help="of a Dask cluster; default: the cores of this machine")
    run(main, parser)
