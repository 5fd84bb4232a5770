"""README.md's table holds the results, and what pages link to is there."""

import json
import re
from pathlib import Path

import pytest

from tests.workspace import ROOT

README = (ROOT / "README.md").read_text()
LEARNERS = ("bc", "gail", "dac")
METRICS = json.loads((ROOT / "reports" / "metrics.json").read_text())


@pytest.mark.parametrize("environment", METRICS)
def test_the_table_holds_the_metrics(environment: str) -> None:
    found = METRICS[environment]
    numbers = [f"{found[policy]['return']:,.1f}" for policy in ("random", "expert", *LEARNERS)]
    scores = [f"{found[policy]['normalized']:.2f}" for policy in LEARNERS]
    assert f"| {' | '.join([environment, *numbers, *scores])} |" in README


def test_the_results_keep_what_the_project_promises() -> None:
    promised = {"CartPole-v1": 500, "Acrobot-v1": -85, "HalfCheetah-v5": 4000, "Hopper-v5": 3400}
    for environment, least in promised.items():
        found = METRICS[environment]
        assert found["expert"]["return"] >= least
        assert found["gail"]["normalized"] >= 0.9
        assert found["dac"]["normalized"] >= 0.95
        assert (found["gail"]["seeds"], found["gail"]["trajs"]) == (3, 4)


PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
PAGES += [*sorted((ROOT / "reports").glob("*.md")), ROOT / "paper" / "report" / "README.md"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_what_a_page_links_to_is_there(page: Path) -> None:
    for target, anchor in re.findall(r"\]\(([^)#:]*)(?:#([^)]+))?\)", page.read_text()):
        path = (page.parent / target).resolve() if target else page
        assert path.exists(), target
        if anchor and path.suffix == ".md":
            headings = re.findall(r"^#+ (.+)$", path.read_text(), re.MULTILINE)
            assert anchor in {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}, anchor


def test_what_each_command_takes_is_told_of_all() -> None:
    told = (ROOT / "docs" / "how-to.md").read_text()
    files = [path for room in ("gailpipe", "benchmarks") for path in (ROOT / room).rglob("*.py")]
    commands = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__main__")
        for path in files
        if "run(main," in path.read_text()
    }
    assert len(commands) > 12
    assert {command for command in commands if f"| `python -m {command}" not in told} == set()
