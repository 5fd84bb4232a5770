"""DVC's and Git's own traps, each held closed."""

from itertools import product
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from gailpipe import load_policy
from gailpipe.review.rwlock import mend
from gailpipe.review.store import compare
from tests.faults import read_results, require_equal
from tests.workspace import ROOT, Workspace, stages_run, write_params


@pytest.fixture
def workspace(finished: Workspace, tmp_path: Path) -> Workspace:
    return finished.copy(tmp_path / "repository")


def change(workspace: Workspace, branch: str, section: str, key: str, value: float) -> None:
    """Commit, on a new branch from main, the results of one changed parameter."""
    workspace.run("git", "checkout", "--quiet", "-b", branch, "main")
    params = YAML(typ="safe").load(workspace.root / "params.yaml")
    params[section][key] = value
    write_params(params, workspace.root / "params.yaml")
    workspace.dvc("repro")
    workspace.commit(f"Set {key}")


def test_merged_branches_end_with_results_that_were_really_run(workspace: Workspace) -> None:
    change(workspace, "theirs", "occupancy", "states", 10)
    workspace.dvc("checkout")
    change(workspace, "ours", "report", "smoothing", 0.5)
    ours = (workspace.root / "dvc.lock").read_text()
    assert "Merge conflict in dvc.lock" in workspace.run("git", "merge", "theirs", fails=True)
    assert (workspace.root / "dvc.lock").read_text() == ours  # no line of the other's came in
    params = YAML(typ="safe").load(workspace.root / "params.yaml")
    assert (params["occupancy"]["states"], params["report"]["smoothing"]) == (10, 0.5)
    workspace.run("git", "checkout", "--ours", "--", "dvc.lock", "reports")
    assert stages_run(workspace.dvc("repro")) - {"validate"} == {"report"}
    merged = YAML(typ="safe").load(workspace.root / "dvc.lock")["stages"]
    assert merged["report"]["params"]["params.yaml"]["report"]["smoothing"] == 0.5
    assert merged["occupancy@Pendulum-v1"]["params"]["params.yaml"]["occupancy"]["states"] == 10


def test_an_experiment_runs_the_code_of_its_own_copy(workspace: Workspace) -> None:
    module = workspace.root / "gailpipe" / "pipeline" / "check.py"
    with module.open("a") as file:
        file.write('\nprint("imported", __file__)\n')
    workspace.commit("Tell where the package is")
    output = workspace.dvc("exp", "run", "--temp", "validate")
    (imported,) = [Path(line.split()[1]) for line in output.splitlines() if line.startswith("imported ")]
    assert imported.is_relative_to(workspace.root / ".dvc" / "tmp" / "exps")


def test_compiled_code_and_scratch_change_no_stage(workspace: Workspace) -> None:
    for name in ("gailpipe/rl/__pycache__/new.pyc", "data/demonstrations/.partial-1", ".scratch/gail/training"):
        path = workspace.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
    assert workspace.dvc("status").strip() == "Data and pipelines are up to date."
    assert workspace.run("git", "status", "--porcelain") == ""


def test_damaged_outputs_are_restored_and_not_built_on(workspace: Workspace) -> None:
    before = read_results(workspace)
    for folder, damage in (("demonstrations", "altered"), ("gail", "truncated"), ("bc", "removed")):
        for path in (workspace.root / "data" / folder).rglob("*.*"):
            if path.name[0] != ".":
                whole = path.read_bytes()
                path.unlink()
                if damage != "removed":
                    path.write_bytes(whole[:-40] if damage == "truncated" else whole[:-40] + bytes(40))
    assert stages_run(workspace.dvc("repro")) == set()
    require_equal(read_results(workspace), before)


def test_a_stage_that_is_run_alone_on_a_damaged_file_names_it(workspace: Workspace) -> None:
    path = workspace.root / "data" / "demonstrations" / "CartPole-v1.parquet"
    content = path.read_bytes()
    path.unlink()
    path.write_bytes(content[:100] + bytes(4) + content[104:])
    output = workspace.dvc("repro", "--single-item", "bc@CartPole-v1", fails=True)
    sentence = "error: data/demonstrations/CartPole-v1.parquet: is damaged; remove it, and `dvc checkout` restores it"
    assert sentence in output
    assert "Traceback" not in output


def test_a_damaged_store_is_named_and_git_restores_it(workspace: Workspace) -> None:
    check = ("make", "--no-print-directory", "--old-file=.venv/installed", "store")
    workspace.run(*check)
    largest = max((workspace.root / "data" / "store").rglob("*"), key=lambda path: path.stat().st_size)
    largest.chmod(0o644)
    largest.write_bytes(largest.read_bytes()[:-1])
    output = workspace.run(*check, fails=True)
    assert str(largest.relative_to(workspace.root)) in output
    assert "`git checkout data/store` restores" in output
    workspace.run("git", "checkout", "data/store")
    workspace.run(*check)


def test_a_shallow_clone_loses_no_experiment(workspace: Workspace, tmp_path: Path) -> None:
    root = tmp_path / "clone"
    workspace.run("git", "clone", "--quiet", "--depth=1", f"file://{workspace.root}", str(root))
    clone = Workspace(root)
    for key, value in (("user.name", "Test"), ("user.email", "test@example.org")):
        clone.run("git", "config", key, value)
    in_a_copy = ("exp", "run", "--temp", "-S", "bc.trajs=3", "validate")
    output = clone.dvc(*in_a_copy, fails=True)
    assert f"error: {root}: is a shallow clone, in which DVC would lose this experiment; `git fetch" in output
    assert "Traceback" not in output
    clone.dvc("exp", "run", "-S", "bc.trajs=4", "validate")
    clone.run("git", "checkout", "--quiet", ".")
    assert len(clone.dvc("exp", "list", "--name-only").split()) == 1
    clone.run("git", "fetch", "--quiet", "--unshallow")
    clone.dvc(*in_a_copy)
    assert len(clone.dvc("exp", "list", "--name-only").split()) == 2


def test_a_record_of_locks_that_a_kill_has_torn_is_mended(workspace: Workspace) -> None:
    file = workspace.root / ".dvc" / "tmp" / "rwlock"
    for torn in ("", '{"write": {"/data'):
        file.write_text(torn)
        assert "corrupted" in workspace.dvc("repro", "validate", fails=True)
        assert "removed .dvc/tmp/rwlock" in workspace.run("python", "-m", "gailpipe.review.rwlock")
        workspace.dvc("repro", "validate")
    whole = '{"write": {}, "read": {"/data/bc": [{"pid": 1, "cmd": "dvc repro"}]}}'
    file.write_text(whole)
    mend(workspace.root)
    assert file.read_text() == whole


def test_the_store_of_a_finished_pipeline_holds_what_the_lock_names_and_pruning_leaves_it_so(
    workspace: Workspace,
) -> None:
    assert compare(workspace.root) == ([], [])
    change(workspace, "other", "occupancy", "states", 10)
    check = ("python", "-m", "gailpipe.review.store")
    assert "are not in data/store; `dvc push --run-cache` stores them" in workspace.run(*check, "--prune", fails=True)
    workspace.dvc("push", "--run-cache")
    superfluous, missing = compare(workspace.root)
    assert not missing
    assert {path.relative_to(workspace.root / "data" / "store").parts[0] for path in superfluous} == {"files", "runs"}
    assert "belong to no dvc.lock; `python -m gailpipe.review.store --prune`" in workspace.run(*check, fails=True)
    workspace.run(*check, "--prune")
    assert compare(workspace.root) == ([], [])
    (workspace.root / "recording.csv").write_text("0,1")
    workspace.dvc("add", "recording.csv")  # which Git does not track yet
    workspace.dvc("push", "recording.csv.dvc")
    assert workspace.run(*check, "--prune") == "removed 0 files from data/store\n"
    workspace.run("rm", "recording.csv.dvc")
    assert workspace.run(*check, "--prune") == "removed 1 files from data/store\n"
    workspace.run("mv", "dvc.lock", "elsewhere")
    assert "error: dvc.lock: is missing; `git checkout dvc.lock`" in workspace.run(*check, "--prune", fails=True)
    workspace.run("mv", "elsewhere", "dvc.lock")
    for path in ("data", ".dvc/cache"):
        workspace.run("mv", path, f"{path}-before")
    workspace.run("mkdir", "data")
    workspace.run("cp", "-r", "data-before/store", "data-before/original", "data")
    workspace.dvc("pull", "--run-cache", "--allow-missing")
    assert stages_run(workspace.dvc("repro")) == set()


def test_a_policy_is_fetched_by_its_name_from_a_published_repository(workspace: Workspace, tmp_path: Path) -> None:
    name = "gail-cartpole"
    workspace.run("git", "tag", "--annotate", f"{name}@v1.0.0", "--message", "Publish")
    url = f"file://{workspace.root}"
    for source, options in ((str(workspace.root), ()), (url, ("--remote-config", f"url={workspace.root}/data/store"))):
        file = tmp_path / f"{len(options)}.safetensors"
        workspace.dvc("artifacts", "get", source, name, "--out", str(file), *options)
        assert load_policy(file)([0.0, 0.0, 0.0, 0.0]) in (0, 1)


def test_the_artifacts_are_files_of_the_results() -> None:
    yaml = YAML(typ="safe")
    outs = [out["path"] for stage in yaml.load(ROOT / "dvc.lock")["stages"].values() for out in stage["outs"]]
    for name, artifact in yaml.load(ROOT / "dvc.yaml")["artifacts"].items():
        assert any(Path(artifact["path"]).is_relative_to(out) for out in outs), name


@pytest.mark.parametrize("folder", [ROOT, ROOT / "paper"])
def test_the_lock_has_the_stages_that_there_are(folder: Path) -> None:
    yaml = YAML(typ="safe")
    pipeline = yaml.load(folder / "dvc.yaml")
    params: dict[str, Any] = {}
    for file in ("params.yaml", *pipeline.get("vars", ())):
        params |= yaml.load(folder / file)
    names = set()
    for name, stage in pipeline["stages"].items():
        axes = [stage["foreach"]] if "foreach" in stage else stage.get("matrix", {}).values()
        keys = [params[axis[2:-1]] if isinstance(axis, str) else axis for axis in axes]
        names |= {f"{name}@{'-'.join(key)}" for key in product(*keys)} if keys else {name}
    assert set(yaml.load(folder / "dvc.lock")["stages"]) == names
