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
    scores = [f"{found[policy]['normalized']:.2f}" for policy in ("bc", "gail")]
    assert f"| {' | '.join([task, *numbers, *scores])} |" in README


def test_the_results_keep_what_the_project_promises() -> None:
    promised = {"CartPole-v1": 500, "Acrobot-v1": -85, "HalfCheetah-v5": 4000, "Hopper-v5": 3400}
    for task, least in promised.items():
        found = METRICS[task]
        assert found["expert"]["return"] >= least
        assert found["gail"]["normalized"] >= 0.95
        assert (found["gail"]["seeds"], found["gail"]["trajs"]) == (3, 4)


def test_the_files_that_the_readme_links_to_are_there() -> None:
    for target in re.findall(r"\]\(([^)#:]+)[)#]", README):
        assert (ROOT / target).exists(), target
