"""The short form of `make faults`."""

import random
import time
from pathlib import Path

from tests.faults import fill_the_disk, read_results, require_equal
from tests.interruptions import TRAININGS, interrupt, prepare, time_stages


def test_an_interrupted_pipeline_ends_as_if_nothing_had_happened(tmp_path: Path) -> None:
    reference, workspace = (prepare(tmp_path / name, ("Pendulum-v1",)) for name in ("undisturbed", "disturbed"))
    learners = ["bc@Pendulum-v1", "gail@Pendulum-v1", "dac@Pendulum-v1"]
    durations = time_stages(reference, learners)
    trainings = {stage: seconds for stage, seconds in durations.items() if stage.startswith(TRAININGS)}
    methods = ["all killed", "SIGINT"] * 2  # of expert, BC, GAIL and DAC
    deadline = time.monotonic() + sum(durations.values())
    interruptions = list(interrupt(workspace, trainings, methods, deadline, random.Random(0), learners))
    assert interruptions
    require_equal(read_results(workspace), read_results(reference))
    assert all((unfinished / "done").exists() for unfinished in (workspace.root / ".scratch").iterdir())
    assert workspace.run("git", "status", "--porcelain") == "?? dvc.lock\n"
    fill_the_disk(workspace, learners)
