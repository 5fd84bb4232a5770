"""What tests share."""

import os

import pytest
from filelock import FileLock

from gailpipe.training.compute import use_one_thread
from tests.workspace import Workspace

use_one_thread()
LONGEST = ("test_pipeline.py", "test_faults.py", "test_cluster.py", "test_traps.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest, so that no process of the tests is left with it alone."""
    items.sort(key=lambda item: LONGEST.index(item.path.name) if item.path.name in LONGEST else len(LONGEST))


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """Return a workspace in which the pipeline has run and was pushed, for all processes of the tests.

    Work on a copy of it.
    """
    own = tmp_path_factory.getbasetemp()
    shared = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    root, done = shared / "finished", shared / "finished.done"
    with FileLock(shared / "finished.lock"):
        if not done.exists():
            workspace = Workspace.create(root)
            workspace.dvc("repro")
            workspace.dvc("push", "--run-cache")
            workspace.commit("Run")
            done.touch()
    return Workspace(root)
