"""The comment on a change, and the check of dvc.lock."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML
from scipy import stats

from gailpipe.foundation.errors import UserError
from gailpipe.grid.scores import Score, normalized, score
from gailpipe.review.comment import Version, comment
from gailpipe.review.lock import _ignored_by_git
from gailpipe.review.scores import Change, changes
from tests.workspace import ROOT, Workspace

LOW, HIGH = [0.80, 0.82, 0.84], [0.90, 0.95, 0.97]


def test_the_test_is_welchs() -> None:
    change = Change("Hopper-v5", "gail", score(LOW), score(HIGH))
    assert change.p_value == pytest.approx(stats.ttest_ind(LOW, HIGH, equal_var=False).pvalue)
    assert change.verdict == "**better**"
    assert Change("Hopper-v5", "gail", score(HIGH), score(LOW)).verdict == "**worse**"
    assert Change("Hopper-v5", "gail", score(LOW), score([0.7, 0.9, 0.95])).verdict == "within noise"


def test_what_can_not_be_tested_is_said() -> None:
    assert Change("Hopper-v5", "gail", score(LOW), score([0.9])).verdict == "one seed tells nothing"
    assert Change("Hopper-v5", "gail", None, score(LOW)).verdict == "new"
    assert Change("Hopper-v5", "gail", score(LOW), None).verdict == "gone"
    assert Change("Hopper-v5", "gail", score(LOW), score(LOW)).verdict == "same"


def test_seeds_that_all_score_the_same_are_no_test() -> None:
    change = Change("CartPole-v1", "bc", score([1.0, 1.0]), score([0.995, 0.995]))
    assert change.p_value is None
    assert change.verdict == "no spread, no test"
    text = comment(Version("abc", {}, {}, []), Version("def", {}, {}, []), [change], "", {}, None)
    assert "| CartPole-v1 | bc | 1.000 (1.000 … 1.000) | 0.995 (0.995 … 0.995) | no spread, no test |" in text


def test_changes_pair_environments_and_learners() -> None:
    entry = {"normalized": 0.5, "normalized_ci95": [0.4, 0.6], "seeds": 3}
    ends = {"random": {"return": 1}, "expert": {"return": 2}}
    before = {"A": ends | {"bc": entry}, "B": ends | {"bc": entry | {"normalized": None}}}
    after = {"A": ends | {"bc": entry | {"normalized_ci95": None}, "gail": entry}}
    assert list(changes(before, after)) == [
        Change("A", "bc", Score(0.5, (0.4, 0.6), 3), Score(0.5, None, 3)),
        Change("A", "gail", None, Score(0.5, (0.4, 0.6), 3)),
    ]


def test_scores_that_have_lost_their_scale_are_gone_and_nothing_is_measured_anew() -> None:
    entry = {"normalized": 0.5, "normalized_ci95": [0.4, 0.6], "seeds": 3}
    before = {"A": {"random": {"return": 1}, "expert": {"return": 2}, "bc": entry}}
    unknown = {"normalized": None, "normalized_ci95": None}
    after = {"A": {"random": {"return": 1}, "expert": {"return": None}, "bc": entry | unknown}}
    there, back = list(changes(before, after)), list(changes(after, before))
    assert there == [Change("A", "bc", Score(0.5, (0.4, 0.6), 3), None)]
    assert back == [Change("A", "bc", None, Score(0.5, (0.4, 0.6), 3))]
    text = comment(Version("abc", before, {}, []), Version("def", after, {}, []), there, "", {}, None)
    assert "has moved" not in text


def test_a_weaker_expert_makes_no_learner_better() -> None:
    returns = [3412.7, 3298.1, 3601.4]

    def of(random_return: float, expert_return: float, digits: int = 4) -> dict[str, Any]:
        summary = score([round(normalized(value, random_return, expert_return), digits) for value in returns])
        gail = {"normalized": summary.value, "normalized_ci95": summary.ci95, "seeds": summary.seeds}
        return {"A": {"random": {"return": random_return}, "expert": {"return": expert_return}, "gail": gail}}

    before, after = of(18.9, 3571.3), of(20.3, 2406.9)
    (change,) = changes(before, after)
    assert change.before != change.after == score([round(normalized(value, 20.3, 2406.9), 4) for value in returns])
    assert change.verdict == "same"
    assert next(changes(before, of(20.3, 2406.9, digits=2))).verdict == "within noise"
    text = comment(Version("abc", before, {}, []), Version("def", after, {}, []), [change], "", {}, None)
    assert "The scale of A has moved, from 18.9 (random) … 3,571.3 (the demonstrations) to 20.3 (random) … 2,4" in text


def test_the_comment_says_what_ran_what_did_not_and_shows_figures() -> None:
    old = {"expert@A": {"outs": [1]}, "expert@B": {"outs": [1]}, "gone": {}, "kept": {}}
    new = {"expert@A": {"outs": [2]}, "expert@B": {"outs": [2]}, "gail@A": {"outs": [3]}, "kept": {}}
    text = comment(
        Version("abc", {}, old, ["kept.svg"]),
        Version("def", {}, new, ["kept.svg", "new.svg"]),
        [Change("A", "gail", score(LOW), score(HIGH))],
        "",
        {"paper/dvc.yaml:bc@A": ["gailpipe/rl (modified)"], "paper/dvc.yaml:bc@B": ["gailpipe/rl (modified)"]},
        "https://example.org/us/ours",
    )
    assert "Scores: 1 **better**. **2 stages are out of date.**" in text
    assert "p < 0.05, each by itself (of 1 tested, 0.05 would be so if nothing had changed);\n" in text
    assert "| A | gail | 0.820 (0.770 … 0.870) | 0.940 (0.850 … 1.030) | **better** | 0.0" in text
    assert "- **expert** A, B: other results\n- **gail** A: new\n- **gone**: gone\n" in text
    assert "- **paper/dvc.yaml:bc** A, B: gailpipe/rl (modified)" in text
    assert "None changed." in text
    kept, new_picture = (f"![{name}.svg](https://example.org/us/ours/raw/def/{name}.svg) |" for name in ("kept", "new"))
    assert f"| ![kept.svg](https://example.org/us/ours/raw/abc/kept.svg) | {kept}\n| — | {new_picture}\n" in text


@pytest.fixture
def workspace(finished: Workspace, tmp_path: Path) -> Workspace:
    return finished.copy(tmp_path / "repository")


def test_a_lock_that_lags_behind_is_named_even_without_data(workspace: Workspace, tmp_path: Path) -> None:
    check = (sys.executable, "-m", "gailpipe.review.lock")
    workspace.run("git", "clone", "--quiet", str(workspace.root), str(tmp_path / "clone"))
    clone = Workspace(tmp_path / "clone")
    assert clone.run(*check) == ""
    papers = clone.root / "paper" / "dvc.yaml"
    papers.write_text("stages:\n  one:\n    cmd: touch one\n    deps:\n      - gailpipe/rl\n    outs:\n      - one\n")
    (clone.root / "paper" / "gailpipe").symlink_to("../gailpipe")  # in a workspace there is none
    assert "paper/dvc.yaml:one: gailpipe/rl (modified)" in clone.run(*check, fails=True)
    papers.unlink()
    lock = YAML(typ="safe").load(clone.root / "dvc.lock")
    evaluated = lock["stages"]["evaluate@Pendulum-v1-bc"]["deps"]
    (cloned,) = [dep for dep in evaluated if dep["path"] == "data/bc/Pendulum-v1"]
    cloned["md5"] = f"{'0' * 32}.dir"  # as if the locks of two branches were put together
    YAML().dump(lock, clone.root / "dvc.lock")
    assert "evaluate@Pendulum-v1-bc: " in clone.run(*check, fails=True)
    clone.run("git", "checkout", "--quiet", "dvc.lock")
    params = clone.root / "params.yaml"
    params.write_text(params.read_text().replace("smoothing: 0.05", "smoothing: 0.5"))
    code = clone.root / "gailpipe" / "evaluation" / "returns.py"
    code.write_text(f"{code.read_text()}\n# changed\n")
    (clone.root / "reports" / "scores.csv").unlink()
    update = clone.root / "gailpipe" / "rl" / "on_policy" / "trpo.py"
    update.write_text(f"{update.read_text()}\n# changed\n")
    output = clone.run(*check, fails=True)
    assert "expert@CartPole-v1: gailpipe/rl/on_policy (modified)" in output
    assert "expert@Pendulum-v1: gailpipe/rl/on_policy (modified)" in output
    changed = "gailpipe/rl (modified), gailpipe/evaluation (modified), report (modified), reports/scores.csv (deleted)"
    assert f"report: {changed}" in output
    assert "evaluate@Pendulum-v1-gail: gailpipe/evaluation (modified)" in output
    assert "stages have not run since these changed; `dvc repro` runs what is out of date" in output


def workflow(name: str) -> Any:
    return YAML(typ="safe").load(ROOT / ".github" / "workflows" / f"{name}.yml")


def steps(name: str) -> str:
    """Return what the steps of a workflow that write or read review.md run."""
    (job,) = workflow(name)["jobs"].values()
    return "\n".join(step["run"] for step in job["steps"] if "review.md" in step.get("run", ""))


def post(workspace: Workspace, folder: Path, number: str = "7") -> str | None:
    """Run what the workflows run to review and to comment; return what was posted, None where nothing was."""
    gh = folder / "gh"
    posting = f'echo "$@" > {folder}/arguments; cp comment.md {folder}/posted.md'
    gh.write_text(f'#!/bin/sh\nif [ "$1" = api ]; then echo "{number}"; else {posting}; fi\n')
    gh.chmod(0o755)
    installed = 'make() { command make --old-file=.venv/installed --no-print-directory "$@"; }'
    github = f"GITHUB_SERVER_URL=https://example.org GITHUB_REPOSITORY=us/ours GITHUB_STEP_SUMMARY={folder}/summary.md"
    settings = f"export PATH={folder}:$PATH {github} GH_REPO=us/ours COMMIT=abc OWNER=us BRANCH=theirs"
    both = f"{steps('review').replace('HEAD^1', 'main')}\n{steps('comment')}"
    workspace.run("bash", "-e", "-c", f"{installed}\n{settings}\n{both}")
    if not (folder / "arguments").exists():
        return None
    arguments = (folder / "arguments").read_text()
    assert arguments == f"pr comment {number} --edit-last --create-if-none --body-file comment.md\n"
    return (folder / "posted.md").read_text()


def test_only_the_workflow_that_runs_no_code_of_a_pull_request_may_write() -> None:
    assert workflow("review")["permissions"] == {"contents": "read"}
    (job,) = workflow("comment")["jobs"].values()
    assert job["permissions"] == {"actions": "read", "pull-requests": "write"}
    assert not [step for step in job["steps"] if "checkout" in step.get("uses", "")]
    assert "secrets" not in (ROOT / ".github" / "workflows" / "review.yml").read_text()


@pytest.mark.parametrize("name", ["review", "comment"])
def test_a_workflow_names_commits_of_actions_and_ends(name: str) -> None:
    assert workflow(name)["concurrency"]["group"]
    (job,) = workflow(name)["jobs"].values()
    assert job["timeout-minutes"] <= 60
    for step in job["steps"]:
        assert re.fullmatch(r"actions/[a-z-]+@[0-9a-f]{40}", step.get("uses", f"actions/none@{'0' * 40}"))
        assert "${{" not in step.get("run", ""), "what an event holds reaches a script by its environment alone"


def test_a_change_of_a_workspace_is_told(workspace: Workspace, tmp_path: Path) -> None:
    for name in ("params.yaml", "dvc.lock"):
        path = workspace.root / name
        path.write_text(path.read_text().replace("smoothing: 0.05", "smoothing: 0.5"))
    papers = workspace.root / "paper" / "params.yaml"
    papers.write_text(papers.read_text().replace("seed: 0", "seed: 1"))
    metrics = workspace.root / "reports" / "metrics.json"
    document = json.loads(metrics.read_text())
    document["Pendulum-v1"]["gail"] |= {"normalized": 0.5, "normalized_ci95": None}
    metrics.write_text(json.dumps(document))
    papers_metrics = workspace.root / "paper" / "report" / "metrics.json"
    cells = json.loads(papers_metrics.read_text())
    (kept, entry), *_, (gone, _) = cells.items()
    papers_metrics.write_text(json.dumps({kept: entry | {"gail": entry["gail"] | {"normalized": 0.1, "seeds": 2}}}))
    assert post(workspace, tmp_path, "null") is None
    text = post(workspace, tmp_path)
    assert text is not None
    assert (tmp_path / "summary.md").read_text() == text * 2
    assert re.search(rf"\| {kept} \(paper\) \| gail \| \S+ \(.*\) \| 0\.100 \(.*\) \|", text)
    assert re.search(rf"\| {gone} \(paper\) \| gail \| .* \| — \| gone \|", text)
    assert "| params.yaml | report.smoothing | 0.05 | 0.5 |\n" in text
    assert "| paper/params.yaml | seed | 0 | 1 |\n" in text
    assert "- **report**: the same bytes as before\n" in text
    assert re.search(r"\| Pendulum-v1 \| gail \| \S+ \| 0\.500 \| (one seed tells nothing|new) \|", text)
    assert "**1 stage is out of date.**" in text
    assert "- **report**: reports/metrics.json (modified)" in text
    pictures = re.findall(r"!\[(reports/\S+)\]", text)
    assert pictures[::2] == pictures[1::2]
    assert "![reports/figures/scores.svg](https://example.org/us/ours/raw/" in text
    error = workspace.run(sys.executable, "-m", "gailpipe.review", "nowhere", fails=True)
    assert error.startswith("error: `git merge-base nowhere HEAD` failed: ")
    metrics.unlink()
    error = workspace.run(sys.executable, "-m", "gailpipe.review", "main", fails=True)
    assert error.startswith(
        "error: reports/metrics.json: can't be read: No such file or directory; `dvc repro` makes it"
    )


def test_a_revision_without_common_history_is_named(tmp_path: Path) -> None:
    git = ("git", "-C", str(tmp_path), "-c", "user.name=a", "-c", "user.email=a@example.org")
    for command in (
        ("init", "--quiet", "--initial-branch=main"),
        ("commit", "--quiet", "--allow-empty", "--message=one"),
        ("checkout", "--quiet", "--orphan", "other"),
        ("commit", "--quiet", "--allow-empty", "--message=two"),
    ):
        subprocess.run([*git, *command], check=True)
    review = [sys.executable, "-m", "gailpipe.review", "main"]
    done = subprocess.run(review, cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True)
    assert done.stderr.decode() == (
        "error: main has no common history with HEAD; in a shallow clone `git fetch --unshallow` first\n"
    )


def test_a_folder_that_git_knows_nothing_of_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="`git check-ignore` failed: fatal: not a git repository"):
        _ignored_by_git(tmp_path, {})
