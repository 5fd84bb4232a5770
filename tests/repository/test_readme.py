"""README.md says what the results say."""

import json
import re

import pytest

from gailpipe.algorithms.gail.settings import Gail
from gailpipe.foundation.params import load_section
from tests.workspace import ROOT

README = (ROOT / "README.md").read_text()
TEXT = " ".join(README.split())
PAGE_OF_LEARNING = (ROOT / "reports" / "benchmarks-learning.md").read_text()
METRICS = json.loads((ROOT / "reports" / "metrics.json").read_text())


@pytest.mark.parametrize("environment", METRICS)
def test_the_table_holds_the_metrics(environment: str) -> None:
    found = METRICS[environment]
    numbers = [f"{found[policy]['return']:,.1f}" for policy in ("random", "expert", "bc", "gail")]
    scores = [f"{found[policy]['normalized']:.2f}" for policy in ("bc", "gail")]
    assert f"| {' | '.join([environment, *numbers, *scores])} |" in README


def test_the_results_keep_what_the_project_promises() -> None:
    promised = {"CartPole-v1": 500, "Acrobot-v1": -85, "HalfCheetah-v5": 4000, "Hopper-v5": 3400}
    for environment, least in promised.items():
        found = METRICS[environment]
        assert found["expert"]["return"] >= least
        assert found["gail"]["normalized"] >= 0.95
        assert (found["gail"]["seeds"], found["gail"]["trajs"]) == (3, 4)


def test_the_speeds_are_those_that_were_measured() -> None:
    speeds = json.loads((ROOT / "reports" / "benchmarks.json").read_text()).values()
    shares = [speed["share_of_ceiling"] for speed in speeds]
    times = [speed["times_imitation"] for speed in speeds]
    times_of_one = [speed["gail_single"] / speed["imitation"] for speed in speeds]
    replayed = [speed["share_of_replayed"] for speed in speeds]
    assert f"makes {min(shares):.2f} to {max(shares):.2f} of the steps per second" in TEXT
    assert f"{min(replayed):.2f} to {max(replayed):.2f} of those that its own actions make" in TEXT
    assert f"and {min(times):.0f} to {max(times):.0f} times those of one run of `imitation`" in TEXT
    assert f"alone, one run of ours makes {min(times_of_one):.0f} to {max(times_of_one):.0f} times those" in TEXT


def test_the_time_to_an_expert_is_what_was_measured() -> None:
    rows = re.findall(r"\| (\S+-v5) \| (.+?) \| (\d) of 3 \| (\d) of 3 \| [> \d]+ \| ([> \d]+) \|", PAGE_OF_LEARNING)
    assert len(rows) == 9
    seconds = {(environment, learner): number for environment, learner, _, _, number in rows}
    for learner in ("GAIL", "GAIL, cloned first", "`imitation`"):
        numbers = [seconds[environment, learner] for environment in ("Hopper-v5", "HalfCheetah-v5", "Walker2d-v5")]
        assert f"| {' | '.join([learner, *numbers])} |" in README
    ours = {
        (environment, learner): (int(first), int(good))
        for environment, learner, first, good, _ in rows
        if "imi" not in learner
    }
    assert ours.pop(("Walker2d-v5", "GAIL")) == (2, 2)
    assert set(ours.values()) == {(3, 3)}
    assert f"One of our {3 * len(ours) + 3} runs, from a random policy on Walker2d, never makes 0.9" in TEXT
    measured = json.loads((ROOT / "reports" / "benchmarks-learning.json").read_text())["conditions"]["Walker2d-v5/gail"]
    then, now = measured["settings"], load_section(ROOT / "paper" / "params.yaml", Gail, "gail", "Walker2d-v5")
    batch = then["num_envs"] * then["num_steps"]
    assert f"runs had {then['env_steps'] // 10**6}M steps in batches of {batch:,}" in TEXT
    assert (2 * then["env_steps"], batch) == (now.env_steps, 2 * now.num_envs * now.num_steps)
    reached = [(int(first), int(for_good)) for _, learner, first, for_good, _ in rows if learner == "`imitation`"]
    first, for_good = map(sum, zip(*reached, strict=True))
    assert f"of nine runs of `imitation` {first} do within 15 minutes, and {for_good} stays there" in TEXT


def test_the_time_of_the_cluster_is_what_was_measured() -> None:
    found = json.loads((ROOT / "reports" / "benchmarks-cluster.json").read_text())
    share = found["seconds"]["gailpipe.cluster"] / found["seconds"]["dvc repro"]
    assert f"{len(found['stages'])} short stages took {share:.2f} times as long as by `dvc repro`" in TEXT


def test_the_files_that_the_readme_links_to_are_there() -> None:
    for target in re.findall(r"\]\(([^)#:]+)[)#]", README):
        assert (ROOT / target).exists(), target
