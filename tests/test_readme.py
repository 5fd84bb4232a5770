"""README.md says what the results say."""

import json
import re

import pytest

from tests.workspace import ROOT

README = (ROOT / "README.md").read_text()
METRICS = json.loads((ROOT / "reports" / "metrics.json").read_text())


@pytest.mark.parametrize("task", METRICS)
def test_the_table_holds_the_metrics(task: str) -> None:
    found = METRICS[task]
    numbers = [f"{found[policy]['return']:,.1f}" for policy in ("random", "expert", "bc", "gail")]
    scores = [f"{found['bc']['normalized']:.2f}", f"**{found['gail']['normalized']:.2f}**"]
    assert f"| {' | '.join([task, *numbers, *scores])} |" in README


def test_the_results_keep_what_the_project_promises() -> None:
    promised = {"CartPole-v1": 500, "Acrobot-v1": -85, "HalfCheetah-v5": 4000, "Hopper-v5": 3400}
    assert set(METRICS) == set(promised)
    for task, found in METRICS.items():
        assert found["expert"]["return"] >= promised[task]
        assert found["gail"]["normalized"] >= 0.95
        assert (found["gail"]["seeds"], found["gail"]["trajs"]) == (3, 4)


def test_the_files_that_the_readme_links_to_are_there() -> None:
    for target in re.findall(r"\]\(([^)#:]+)[)#]", README):
        assert (ROOT / target).exists(), target
