"""The pipeline, end to end, on tiny budgets in a repository of its own: what runs, and what does not."""

import json
import time
from pathlib import Path

import polars as pl
import pytest
from ruamel.yaml import YAML

from gailpipe import load_policy
from gailpipe.rl.on_policy.settings import Imitation
from tests.workspace import TINY_ENVS, Workspace, stages_run, write_params

LOOKS = ("evaluate", "film")  # at the policies of a learner


@pytest.fixture(scope="module")
def workspace(finished: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return finished.copy(tmp_path_factory.mktemp("pipeline") / "repository")


def test_fem_learns_from_the_same_demonstrations(workspace: Workspace, tmp_path: Path) -> None:
    learner, environment = "fem", "Pendulum-v1"
    params = YAML(typ="safe").load(workspace.root / "params.yaml")
    params[learner] = {key: params["gail"][key] for key in Imitation.model_fields}
    for of_environment in params["envs"].values():
        of_environment[learner] = {}
    path, out = tmp_path / "params.yaml", tmp_path / "out"
    write_params(params, path)
    settings = ("--set", "seeds=2", "--set", "env_steps=300", "--set", "value_function.epochs=1")
    paths = ("--demonstrations", f"data/demonstrations/{environment}.parquet", "--params", str(path), "--out", str(out))
    workspace.run("python", "-m", f"stages.{learner}", "--env", environment, *settings, *paths)
    curves = pl.read_parquet(out / "learning.parquet")
    assert curves["env_steps"].to_list() == [256, 512] * 2
    assert (curves["expert_lead"] > 0).all()
    assert load_policy(out / "seed-1.safetensors", environment).environment.name == environment


def test_nothing_runs_when_nothing_changed(workspace: Workspace) -> None:
    assert stages_run(workspace.dvc("repro")) == set()


def test_the_report_and_the_policies_are_there(workspace: Workspace) -> None:
    metrics = json.loads((workspace.root / "reports" / "metrics.json").read_text())
    assert set(metrics) == set(TINY_ENVS)
    assert metrics["Pendulum-v1"]["gail"]["trajs"] == metrics["Pendulum-v1"]["dac"]["trajs"] == 2
    scored = any(of_environment["dac"]["normalized"] is not None for of_environment in metrics.values())
    drawn = [*["interactions"] * scored, "learning", "occupancy", "returns", "scores"]  # tiny budgets may score nothing
    figures = [f"figures/{name}.svg" for name in drawn]
    assert sorted(f"figures/{path.name}" for path in (workspace.root / "reports" / "figures").iterdir()) == figures
    for file in (*figures, "films/CartPole-v1-gail.webp"):
        assert (workspace.root / "reports" / file).stat().st_size > 1000
    assert "Pendulum-v1" in (workspace.root / "reports" / "README.md").read_text()
    assert (workspace.root / "reports" / "index.html").read_text().count("data:video/mp4") == 4 * len(TINY_ENVS)
    for learner in ("bc", "gail", "dac"):
        policy = load_policy(workspace.root / "data" / learner / "Pendulum-v1" / "seed-0.safetensors")
        assert policy([0.1, 0.2, 0.3]).shape == (1,)


def test_dvc_plots_the_scores_and_the_curves(workspace: Workspace) -> None:
    plots = json.loads(workspace.dvc("plots", "show", "--json", "reports/scores.csv", "reports/learning.csv"))["data"]
    (scores,), (curves,) = plots["reports/scores.csv"], plots["reports/learning.csv"]
    shown = {(row["environment"], row["learner"]) for row in scores["content"]["data"]["values"]}
    metrics = json.loads((workspace.root / "reports" / "metrics.json").read_text())
    scaled = {
        (environment, name)
        for environment, of_environment in metrics.items()
        for name in of_environment
        if of_environment[name].get("normalized")
    }
    assert shown == scaled
    assert scaled
    for plot, x in ((scores, "normalized"), (curves, "million_steps")):
        assert plot["content"]["spec"]["encoding"]["x"]["field"] == x
        assert "<DVC_METRIC" not in json.dumps(plot["content"])


def test_a_changed_parameter_runs_exactly_what_it_affects_and_going_back_only_writes_the_report(
    workspace: Workspace,
) -> None:
    looks = {f"{stage}@CartPole-v1-gail" for stage in LOOKS}
    expected = {"gail@CartPole-v1", *looks, "occupancy@CartPole-v1", "report"}
    before = {
        path: (workspace.root / path).read_bytes() for path in ("dvc.lock", "params.yaml", "reports/metrics.json")
    }
    assert workspace.experiment("+envs.CartPole-v1.gail.trajs=3") - {"validate"} == expected
    assert stages_run(workspace.dvc("repro")) == set()
    workspace.run("git", "checkout", "--quiet", "params.yaml")
    assert stages_run(workspace.dvc("repro")) == {"report"}
    assert before == {path: (workspace.root / path).read_bytes() for path in before}


def values_of(workspace: Workspace, setting: str) -> set[str]:
    """Return the values of a setting that DVC shows for the experiments and for the commit that they start from."""
    rows = [line.split(",") for line in workspace.dvc("exp", "show", "--csv").splitlines()]
    return {row[rows[0].index(setting)] for row in rows[1:]}


@pytest.mark.parametrize(("jobs", "values"), [(1, {"3"}), (2, {"1", "4"})])
def test_a_queued_sweep_gives_experiments_one_by_one_or_side_by_side(
    workspace: Workspace, jobs: int, values: set[str]
) -> None:
    workspace.dvc("exp", "run", "--queue", "-S", f"bc.trajs={','.join(values)}", "bc@CartPole-v1")
    workspace.dvc("queue", "start", "--jobs", str(jobs))
    while "Running" in (status := workspace.dvc("queue", "status")) or "Queued" in status:
        time.sleep(2)
    assert "Failed" not in status, status
    assert values_of(workspace, "bc.trajs") >= values | {"2"}


def test_an_experiment_in_a_temporary_copy_is_kept(workspace: Workspace) -> None:
    workspace.dvc("exp", "run", "--temp", "-S", "bc.trajs=5", "bc@CartPole-v1")
    assert "5" in values_of(workspace, "bc.trajs")


def test_a_wrong_parameter_stops_everything_before_training(workspace: Workspace) -> None:
    output = workspace.dvc("exp", "run", "-S", "gail.trajs=60", fails=True)
    assert stages_run(output) == {"validate"}
    assert "params.yaml: gail.trajs: 60, but sample.trajs keeps only 5 trajectories for CartPole-v1" in output
    assert "Traceback" not in output
    workspace.run("git", "checkout", "--quiet", "params.yaml")
    assert stages_run(workspace.dvc("repro")) == set()


def test_what_looks_at_policies_gives_the_same_bytes_twice(workspace: Workspace) -> None:
    lock = (workspace.root / "dvc.lock").read_bytes()
    stages = {f"{stage}@Pendulum-v1-{learner}" for stage in LOOKS for learner in ("bc", "gail", "dac")}
    stages |= {f"{stage}@Pendulum-v1" for stage in ("sample", "occupancy", "film-expert")} | {"report"}
    assert stages_run(workspace.dvc("repro", "--force", "--single-item", *sorted(stages))) == stages
    assert (workspace.root / "dvc.lock").read_bytes() == lock


def test_a_clone_gets_everything_from_the_repositorys_own_store(workspace: Workspace, tmp_path: Path) -> None:
    workspace.run("git", "clone", "--quiet", str(workspace.root), str(tmp_path / "clone"))
    planned = workspace.run("make", "--no-print-directory", "--dry-run", "--old-file=.venv/installed", "repro")
    recipe = [line for line in planned.splitlines() if line.startswith("dvc ")]
    assert recipe == ["dvc pull --run-cache --allow-missing", "dvc repro"]
    outputs = [workspace.run(*line.split(), directory=tmp_path / "clone") for line in recipe]
    assert stages_run(outputs[-1]) == set()
