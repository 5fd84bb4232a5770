"""The short form of `make faults`."""

import random
from pathlib import Path

from tests.faults import fill_the_disk, hold, interrupt_all, prepare, results, time_stages


def test_an_interrupted_pipeline_ends_as_if_nothing_had_happened(tmp_path: Path) -> None:
    reference, workspace = (prepare(tmp_path / name, ("Pendulum-v1",)) for name in ("undisturbed", "disturbed"))
    durations = time_stages(reference)
    trainings = {stage: seconds for stage, seconds in durations.items() if stage.startswith(("expert", "bc", "gail"))}
    methods = ["power cut", "worker killed", "dvc killed", "SIGTERM", "stage killed", "SIGINT"]
    faults = interrupt_all(workspace, trainings, methods, float("inf"), random.Random(0))
    hold(results(workspace), results(reference))
    assert workspace.run("git", "status", "--porcelain") == "?? dvc.lock\n?? reports/\n"
    assert len(faults) >= 4  # the others came after their stage's end
    assert set(fill_the_disk(workspace)) == set(durations) - {"validate"}
