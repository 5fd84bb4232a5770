"""What tests share."""

import pytest

from gailpipe.policies.compute import use_one_thread
from tests.workspace import Workspace

use_one_thread()


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """Return a workspace in which the pipeline has run; work on a copy of it."""
    workspace = Workspace.create(tmp_path_factory.mktemp("finished"))
    workspace.dvc("repro")
    workspace.commit("Run")
    return workspace
