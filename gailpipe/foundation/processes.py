"""Independent runs side by side, one process and one Torch thread each."""

import multiprocessing
import os
import platform
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from tqdm import tqdm

from gailpipe.foundation.errors import UserError

Result = TypeVar("Result")


def available_cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def processor() -> str:
    """Return the processor's kind."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def side_by_side(run: Callable[[int], Result], indices: Iterable[int]) -> Iterator[Result]:
    """Yield `run(i)` for each of `indices`, in order, computed by as many processes as suit the machine.

    Two processes share a core where there are enough: three runs on two cores then end together, after 1.5 times
    what one takes, instead of after 2. A single run stays in this process. `run` must be picklable: a module's
    function, or a `partial` of one.

    Raises:
        UserError: No process can be started, or one was killed, perhaps for want of memory.
    """
    indices = list(indices)
    if len(indices) == 1:
        yield run(indices[0])
        return
    context = multiprocessing.get_context("forkserver" if sys.platform == "linux" else "spawn")
    context.set_forkserver_preload(["torch"])  # imported once for all, which takes longer than all else
    workers = workers_for(len(indices), available_cores())
    one_line_at_a_time = context.RLock()  # for their progress bars
    starting = ProcessPoolExecutor(workers, context, initializer=_start_worker, initargs=(one_line_at_a_time,))
    with starting as pool, all_or_none(pool):
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # workers inherit this: Ctrl-C is for the parent
        try:
            futures = [pool.submit(run, index) for index in indices]
        except OSError as error:
            raise UserError(f"no process can be started: {error}") from error
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
        for future in futures:
            yield future.result()


def workers_for(runs: int, cores: int) -> int:
    """Return how many go side by side: at most two a core, and fewer where one core would else wait for the last."""
    most = min(runs, 2 * cores)
    even = (workers for workers in range(most, cores - 1, -1) if runs % workers == 0 or runs % workers >= cores)
    return next(even, most)


@contextmanager
def all_or_none(pool: ProcessPoolExecutor) -> Iterator[None]:
    """Terminate all processes that this one has started, those of `pool`, if something fails.

    Raises:
        UserError: A process was killed.
    """
    try:
        yield
    except BrokenProcessPool as error:
        raise UserError("a process was killed; is memory short?") from error
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        for process in multiprocessing.active_children():
            process.terminate()
        raise


def _start_worker(one_line_at_a_time: Any) -> None:
    tqdm.set_lock(one_line_at_a_time)
    follow_parent()


def follow_parent() -> None:
    """End this process when the one that started it ends, however that happens."""
    parent = multiprocessing.parent_process()
    assert parent is not None

    def wait() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()
