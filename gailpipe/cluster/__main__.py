"""Run all stages that are out of date side by side, each on a Dask worker, and record the results here."""

import argparse
import logging
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from distributed import Client, Future, LocalCluster, Security, as_completed
from dvc.exceptions import NotDvcRepoError
from dvc.repo import Repo

from gailpipe.cluster.plan import Job, Source, find_source, out_of_date
from gailpipe.cluster.view import View
from gailpipe.cluster.worker import StageFailedError, run_stage
from gailpipe.foundation.command import run
from gailpipe.foundation.errors import UserError
from gailpipe.foundation.processes import available_cores

TLS = {
    "ca": "the authority that signed the scheduler's certificate",
    "cert": "this machine's certificate",
    "key": "the key of this machine's certificate",
}


def main(arguments: argparse.Namespace) -> None:
    security = tls(arguments)
    try:
        with Repo() as repo:
            if Path.cwd() != Path(repo.root_dir):
                raise UserError(
                    f"runs in {repo.root_dir} alone, where the targets are searched for, too; go there first"
                )
            jobs = out_of_date(repo, arguments.targets)
            if jobs:
                source = find_source(repo, arguments.repository)
    except NotDvcRepoError as error:
        raise UserError("is not in a DVC repository; run it in a clone of gailpipe") from error
    if jobs:
        share_upstream(jobs)
        with ExitStack() as stack:
            failed = run_jobs(connect(arguments.scheduler, stack, security), source, jobs, arguments.scheduler is None)
        if failed:
            raise UserError(f"{failed} of {len(jobs)} stages failed or could not run; the others are in the DVC remote")
    if subprocess.run([sys.executable, "-m", "dvc", "repro", "--pull", *arguments.targets]).returncode != 0:
        raise UserError("`dvc repro --pull` failed")


def share_upstream(jobs: Sequence[Job]) -> None:
    """Push what `jobs` depend on and none of them makes, so that no worker has to make it again.

    Raises:
        UserError: It can't be pushed.
    """
    current = {stage for job in jobs for stage in job.upstream} - {job.stage for job in jobs}
    if current:
        command = [sys.executable, "-m", "dvc", "push", "--quiet", "--run-cache", *sorted(current)]
        if subprocess.run(command).returncode != 0:
            raise UserError("what the stages depend on can't be pushed to the DVC remote")


def tls(arguments: argparse.Namespace) -> Security | None:
    """Return the certificates for a scheduler that speaks TLS; None without them.

    Raises:
        UserError: They are not all given, or for no such scheduler, or one of the files is missing.
    """
    files = {f"--tls-{kind}": getattr(arguments, f"tls_{kind}") for kind in TLS}
    missing = [option for option, file in files.items() if file is None]
    scheduler = arguments.scheduler or ""
    if len(missing) == len(files):
        if scheduler.startswith("tls://"):
            raise UserError(f"--scheduler {scheduler}: needs {', '.join(files)}")
        return None
    if missing:
        raise UserError(f"{', '.join(missing)}: not given; TLS needs all of {', '.join(files)}")
    if not scheduler.startswith("tls://"):
        raise UserError(f"{', '.join(files)} are for --scheduler tls://…, but that is {scheduler or 'not given'}")
    for option, file in files.items():
        if not file.is_file():
            raise UserError(f"{option} {file}: is no file")
    ca, cert, key = (str(file) for file in files.values())
    return Security(tls_ca_file=ca, tls_client_cert=cert, tls_client_key=key, require_encryption=True)


def connect(scheduler: str | None, stack: ExitStack, security: Security | None = None) -> Client:
    """Return a client of the scheduler at this address; without one, of a worker for each core of this machine.

    Raises:
        UserError: Nobody answers.
    """
    if scheduler is not None:
        try:
            return stack.enter_context(Client(scheduler, timeout=10, security=security))
        except (OSError, ValueError) as error:
            raise UserError(f"--scheduler {scheduler}: no Dask scheduler answers there: {error}") from error
    cores = available_cores()
    on_interrupt = signal.signal(signal.SIGINT, signal.SIG_IGN)  # which workers inherit: the head ends them
    try:
        cluster = LocalCluster(
            n_workers=cores,
            threads_per_worker=1,
            memory_limit=None,
            dashboard_address=None,
            silence_logs=logging.CRITICAL,
        )
    finally:
        signal.signal(signal.SIGINT, on_interrupt)
    return stack.enter_context(Client(stack.enter_context(cluster)))


def run_jobs(client: Client, source: Source, jobs: Sequence[Job], on_a_core: bool) -> int:
    """Run `jobs`, each as soon as those that it depends on are done, and return how many failed or could not run.

    Args:
        client: Of the Dask cluster.
        source: What workers start from.
        jobs: Dependencies first.
        on_a_core: Whether each worker has one core of this machine, so that no stage starts as many processes as
            there are cores.
    """
    failed = 0
    futures: dict[str, Future] = {}
    with View([job.stage for job in jobs], sum(client.nthreads().values()) or 1) as view:
        client.subscribe_topic(source.topic, lambda event: view.start(event[1]["stage"], event[1]["name"]))
        for job in jobs:
            upstream = [futures[stage] for stage in job.upstream if stage in futures]
            key = f"{job.stage} at {source.topic}"
            futures[job.stage] = client.submit(run_stage, source, job, on_a_core, *upstream, key=key, pure=False)
        stages = {future.key: stage for stage, future in futures.items()}
        for future in as_completed(futures.values()):
            if future.status == "finished":
                view.finish(stages[future.key])
            else:
                failed += 1
                view.fail(stages[future.key], _reason(stages[future.key], future.exception()))
    return failed


def _reason(stage: str, error: BaseException | None) -> str:
    if not isinstance(error, StageFailedError):
        return f"failed: {error}"
    return error.log if error.stage == stage else f"can't run, since {error.stage} failed"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m gailpipe.cluster", description=__doc__)
    parser.add_argument("targets", nargs="*", default=["dvc.yaml"], help="stages or dvc.yaml files; default: dvc.yaml")
    parser.add_argument("--scheduler", metavar="ADDRESS", help="of a Dask cluster; default: one on this machine")
    parser.add_argument("--repository", metavar="URL", help="what workers clone; default: this folder")
    for kind, description in TLS.items():
        parser.add_argument(
            f"--tls-{kind}", type=Path, metavar="FILE", help=f"{description} (PEM); for --scheduler tls://…"
        )
    run(main, parser)
