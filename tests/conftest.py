"""What tests share."""

import pytest
import torch

from tests.workspace import Workspace

torch.set_num_threads(1)  # as in the stages: small networks gain nothing from a second


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """Return a workspace in which the pipeline has run; work on a copy of it."""
    workspace = Workspace.create(tmp_path_factory.mktemp("finished"))
    workspace.dvc("repro")
    workspace.commit("Run")
    return workspace
