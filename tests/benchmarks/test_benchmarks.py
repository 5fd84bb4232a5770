"""What benchmarks count, and how they fail; no test asserts a time."""

import argparse
import json
import sys
import time
from collections.abc import Iterator
from itertools import count, islice, repeat
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray

import benchmarks.growth
import benchmarks.learning_page
import benchmarks.peer
import gailpipe.rl.on_policy.loop
from benchmarks.cluster import main as measure_cluster
from benchmarks.cluster import page as cluster_page
from benchmarks.cluster import prepare, split
from benchmarks.growth import measure_growth, section
from benchmarks.heavy_cheetah import GRAVITY
from benchmarks.learning import conditions_of, load_runs, settings_of
from benchmarks.learning_page import ENVS, LEARNERS, first_there, sustained
from benchmarks.learning_page import page as learning_page
from benchmarks.peer import peer_speed, require_peer, run_peer
from benchmarks.runs import (
    NO_SUCCESS,
    PAIRS,
    Log,
    LoggedVectorEnv,
    _random_demonstrations,
    _speed,
    replay,
    transitions,
)
from benchmarks.snapshots import Job, Snapshot, learn
from benchmarks.speed import main as measure_speed
from benchmarks.speed import page, summarise
from benchmarks.transfer import CHANGED, FORMS, TRUE
from benchmarks.transfer import load_runs as load_transfers
from benchmarks.transfer import page as transfer_page
from gailpipe.algorithms.dac.settings import Dac
from gailpipe.algorithms.expert.settings import Expert
from gailpipe.algorithms.gail.settings import Gail
from gailpipe.envs.environment import find_environment, make_env
from gailpipe.envs.vector_env import Step, VectorEnv
from gailpipe.foundation.errors import UserError
from gailpipe.foundation.params import load_envs, load_section
from gailpipe.foundation.tables import write_table
from tests.workspace import ROOT, Workspace, stages_run

SPEEDS = {
    "random_actions": 40_000.4,
    "replayed_actions": 35_000.0,
    "gail_side_by_side": 30_000.0,
    "gail_single": 20_000.0,
    "imitation": 3_000.0,
}


def test_speed_counts_what_is_done_between_the_warm_up_and_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = count()  # a second passes at each look
    monkeypatch.setattr(time, "perf_counter", lambda: float(next(clock)))
    assert _speed(repeat(7), seconds=20) == 7
    with pytest.raises(UserError, match="--seconds: the training ended before they had passed"):
        _speed(repeat(7, 15), seconds=20)


def test_a_replay_repeats_what_was_simulated_over_and_over() -> None:
    environment, log, seen = find_environment("CartPole-v1"), Log(), list[NDArray]()

    class Watched(VectorEnv):
        def step(self, actions: NDArray) -> Step:
            result = super().step(actions)
            seen.append(result.observations)
            return result

    vector_env = LoggedVectorEnv(log, environment, num_envs=3, seed=7, num_threads=1)
    vector_env.reset()
    generator = np.random.default_rng(0)
    expected = [vector_env.step(environment.actions.draw(3, generator)).observations for _ in range(30)]
    assert sum(islice(replay(lambda start: Watched(environment, 3, 7, 1), log), 60)) == 2 * log.transitions
    np.testing.assert_array_equal(seen, expected + expected)


def test_steps_that_are_resets_are_not_counted() -> None:
    vector_env = VectorEnv(find_environment("CartPole-v1"), num_envs=2, seed=0, num_threads=1)
    vector_env.reset()
    counted = resets = 0
    ended = np.zeros(2, bool)
    for _ in range(100):
        step = vector_env.step(np.ones(2, np.int64))
        resets += ended.sum()
        ended = step.terminated | step.truncated
        counted += transitions(step)
    assert resets > 10
    assert counted == 200 - resets - ended.sum()


def test_the_share_of_time_is_that_of_stages_side_by_side() -> None:
    seconds = {"dvc repro": [200.0, 100.0, 300.0], "gailpipe.cluster": [150.0, 90.0, 150.0]}
    text = cluster_page(seconds, ["bc@A"], "A machine.")
    assert "| `dvc repro` | 200 |\n| `gailpipe.cluster` | 150 |" in text
    assert "takes **0.75** of the time of `dvc repro` (0.50 to 0.90;\nmedians of 3 rounds)" in text
    assert text.endswith("- bc@A\n")
    assert split(["paper/dvc.yaml:bc@A", "paper/dvc.yaml:gail@A"]) == (Path("paper/dvc.yaml"), ["bc@A", "gail@A"])
    assert split(["bc@B"]) == (Path("dvc.yaml"), ["bc@B"])
    with pytest.raises(UserError, match="bc@B: must be of one pipeline"):
        split(["paper/dvc.yaml:bc@A", "bc@B"])


def test_what_is_measured_is_forgotten_and_nothing_else(
    finished: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = finished.copy(tmp_path / "repository")
    monkeypatch.chdir(workspace.root)
    prepare(tmp_path / "clone", ["bc@CartPole-v1"])
    clone = Workspace(tmp_path / "clone")
    assert clone.run("git", "status", "--porcelain") == ""
    planned = clone.dvc("repro", "--dry", "--allow-missing", "bc@CartPole-v1", "gail@CartPole-v1")
    assert stages_run(planned) == {"bc@CartPole-v1"}
    assert "data/demonstrations/CartPole-v1.parquet" not in clone.dvc("status", "sample@CartPole-v1")
    with pytest.raises(UserError, match=r"dvc\.lock: has no bc@Ant-v5; give stages that have run"):
        prepare(tmp_path / "another", ["bc@Ant-v5"])
    with (workspace.root / "gailpipe" / "algorithms" / "expert" / "learner.py").open("a") as file:
        file.write("# changed\n")
    workspace.commit("Change the expert")
    with pytest.raises(UserError, match=r"expert@CartPole-v1.*: is out of date, too; `make repro` first"):
        prepare(tmp_path / "stale", ["bc@CartPole-v1"])


def test_sleeping_stages_are_run_and_counted() -> None:
    command = (sys.executable, "-m", "benchmarks.sleeping", "--workers", "2", "--seconds", "0", "--stages")
    found = json.loads(Workspace(ROOT).run(*command, "3").splitlines()[-1])
    assert found["seconds"] > 0
    assert found["CPU seconds per stage"] > 0
    assert "error: --stages: 0: must be 1 at least" in Workspace(ROOT).run(*command, "0", fails=True)


def measure_fake_cluster(folder: Path, monkeypatch: pytest.MonkeyPatch, md5: str, md5_of_cluster: str) -> Path:
    """Measure two commands that only write a dvc.lock, by a clock that ticks at each look; return the results' path."""

    def write_lock(md5: str) -> tuple[str, str]:
        return "-c", f"open('dvc.lock', 'w').write('stages: {{bc@A: {md5}}}')"

    monkeypatch.setattr("benchmarks.cluster.prepare", lambda clone, stages: clone.mkdir())
    ways = {"dvc repro": write_lock(md5), "gailpipe.cluster": write_lock(md5_of_cluster)}
    monkeypatch.setattr("benchmarks.cluster.COMMANDS", ways)
    monkeypatch.setattr(time, "perf_counter", count().__next__)
    measure_cluster(argparse.Namespace(stages=["bc@A"], rounds=2, out=folder))
    return folder / "benchmarks-cluster.json"


def test_no_rounds_leave_the_page_as_it_is(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"^--rounds: 0: must be 1 at least$"):
        measure_cluster(argparse.Namespace(stages=["bc@A"], rounds=0, out=tmp_path))
    assert not any(tmp_path.iterdir())


def test_stages_side_by_side_are_timed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    results = measure_fake_cluster(tmp_path, monkeypatch, "same", "same")
    assert json.loads(results.read_text())["stages"] == ["bc@A"]
    assert json.loads(results.read_text())["seconds"] == {"dvc repro": [1, 1], "gailpipe.cluster": [1, 1]}


def test_stages_side_by_side_must_end_as_one_after_the_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError, match="the two ended with different results"):
        measure_fake_cluster(tmp_path, monkeypatch, "one", "other")
    assert not list(tmp_path.glob("benchmarks-cluster.*"))


def test_time_to_an_expert_is_measured_on_environments_of_the_papers_pipeline() -> None:
    assert set(ENVS) <= set(load_envs(ROOT / "paper" / "params.yaml"))


def test_ratios_are_those_of_the_speeds() -> None:
    slow = {name: 0.5 * speed for name, speed in SPEEDS.items()}
    summary = summarise([SPEEDS, SPEEDS | {"random_actions": 31_000.0}, slow])
    assert summary["random_actions"] == 31_000
    assert summary["share_of_ceiling"] == 0.75  # although the medians' own ratio is 0.97
    assert summary["times_imitation"] == 10
    dac = load_section(ROOT / "params.yaml", Dac, "dac")
    text = page({"Hopper-v5": summary | {"dac": 300, "dac_256": 200}}, "## How it grows\n", dac, 3, 20)
    assert "| Hopper-v5 | 300 | 150 | 100 | 70 |" in text  # 11 numbers seen, 3 done, and 14 bytes
    assert "| Hopper-v5 | 31,000 | 35,000 | 30,000 | 20,000 | 3,000 | 0.75 | 0.86 | 10.0 |" in text


def test_growth_is_of_runs_whose_rollouts_have_the_same_size_and_seeds_count_together(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(benchmarks.growth, "in_new_process", lambda measure, *arguments: measure(*arguments))
    monkeypatch.setattr(benchmarks.growth, "side_by_side", map)
    monkeypatch.setattr(benchmarks.growth, "available_cores", lambda: 2)
    monkeypatch.setattr(benchmarks.growth, "gail_speed", lambda gail, *_: gail.num_envs * gail.num_steps + 0.4)
    monkeypatch.setattr(benchmarks.growth, "off_policy_speed", lambda dac, *_: dac.num_envs + sum(dac.hidden_sizes))
    sections = (("gail", Gail), ("dac", Dac))
    gail, dac = (load_section(ROOT / "params.yaml", model, name) for name, model in sections)
    assert isinstance(gail, Gail)
    assert isinstance(dac, Dac)
    gail = gail.model_copy(update={"num_steps": 128})
    text = section(measure_growth(gail, dac, 1.0, 2), {"repro": 1.234})
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    assert rows == [
        "|  | GAIL | DAC |",
        "| 16 copies of the environment, DAC 4 | 8,192 | 260 |",
        "| 64 copies of the environment, DAC 16 | 8,192 | 272 |",
        "| 256 copies of the environment, DAC 64 | 8,192 | 320 |",
        "| two layers of 64 units | 8,192 | 144 |",
        "| two layers of 128 units | 8,192 | 272 |",
        "| two layers of 256 units | 8,192 | 528 |",
        "| 1 side by side | 8,192 | 272 |",
        "| 2 side by side | 16,385 | 544 |",
        "| 4 side by side | 32,770 | 1,088 |",
        "| command | CPU seconds |",
        "| `dvc repro` | 1.23 |",
    ]


def test_a_missing_peer_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"--peer .*nowhere: is missing; `make .venv-imitation/installed` makes it"):
        require_peer(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("script", "message"),
    [
        (
            "echo '{}'; head -c 300000 /dev/zero | tr '\\0' x >&2; echo >&2; echo 'no such environment' >&2; exit 3",
            "no such environment",
        ),
        ("kill -9 $$", "status -9"),
    ],
)
def test_why_a_peer_failed_is_said(tmp_path: Path, script: str, message: str) -> None:
    with pytest.raises(UserError, match=f"^imitation_gail.py failed: {message}$"):
        list(run_peer(fake_python(tmp_path, script)))


def test_a_peers_speed_leaves_out_its_first_round(tmp_path: Path) -> None:
    rounds = [{"env_steps": 100, "seconds": 50}, {"env_steps": 300, "seconds": 60}, {"env_steps": 500, "seconds": 70}]
    python = fake_python(tmp_path, "\n".join(f"echo '{json.dumps(one)}'" for one in rounds))
    assert peer_speed(python, 20, "Hopper-v5") == 20


def test_a_peer_finds_no_module_of_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = tmp_path / "script.py"
    script.write_text("import cProfile\nprint('{}')\n")
    (tmp_path / "profile.py").write_text("raise ImportError('is not the standard library')\n")  # cProfile imports it
    monkeypatch.setattr(benchmarks.peer, "SCRIPT", script)
    assert [*run_peer(Path(sys.executable))] == [{}]


def fake_python(folder: Path, script: str) -> Path:
    python = folder / "python"
    python.write_text(f"#!/bin/sh\n{script}\n")
    python.chmod(0o755)
    return python


def test_the_goal_is_reached_where_no_later_snapshot_falls_below_it() -> None:
    scores = [0.95, 0.2, 0.9, 1.1, 0.92]
    snapshots = [Snapshot(50_000 * (i + 1), 10.0 * (i + 1), score) for i, score in enumerate(scores)]
    assert first_there(snapshots) == snapshots[0]
    assert first_there(snapshots[1:2]) is None
    assert sustained(snapshots) == snapshots[2]
    assert sustained([*snapshots, Snapshot(300_000, 60.0, 0.89)]) is None
    assert sustained(snapshots[:4]) is None  # two at its end are too few
    assert sustained([]) is None


def there_after(seconds: int) -> list[Snapshot]:
    return [Snapshot(1000 * (seconds + i), seconds + 10.0 * i, 0.9) for i in range(3)]


def test_a_run_that_never_gets_there_counts_as_longer_than_all_others() -> None:
    never = [Snapshot(50_000, 30.0, 0.1)]
    names = [f"{environment}/{learner}" for environment in ENVS for learner in LEARNERS]
    of_seeds = (there_after(10), never, there_after(20))
    runs = {f"{name}/{seed}": snapshots for name in names for seed, snapshots in enumerate(of_seeds)}
    longer = [Snapshot(50_000, 70.0, 0.1)]
    runs |= {f"Hopper-v5/imitation/{seed}": snapshots for seed, snapshots in enumerate((never, longer))}
    runs |= {f"Walker2d-v5/imitation/{seed}": [] for seed in range(3)}
    text = learning_page(runs, 4, "A machine.")
    assert "| Hopper-v5 | GAIL | 2 of 3 | 2 of 3 | 20 | 20 | 20,000 |" in text
    assert "| Hopper-v5 | `imitation`, PPO | 1 of 3 | 1 of 3 | > 30 | > 30 | – |" in text
    assert "| Walker2d-v5 | `imitation`, PPO | 0 of 3 | 0 of 3 | > 0 | > 0 | – |" in text
    assert "A machine." in text


def test_runs_are_taken_up_again_under_the_same_conditions_alone(tmp_path: Path) -> None:
    path = tmp_path / "runs.json"
    assert load_runs(path, {"A/gail": 1}) == {}
    runs = {"A/gail/0": [[1, 2.0, 0.5]], "A/gail-bc/0": [[3, 4.0, 0.5]]}
    path.write_text(json.dumps({"conditions": {"A/gail": 1, "A/gail-bc": 1}, "runs": runs}))
    assert load_runs(path, {"A/gail": 1, "A/gail-bc": 2}) == {"A/gail/0": [Snapshot(1, 2.0, 0.5)]}
    for damaged in ("{", "[]", '{"runs": {"A/gail/0": [[1]]}, "conditions": {"A/gail": 1}}'):
        path.write_text(damaged)
        with pytest.raises(
            UserError, match=r"runs\.json: holds no runs of this benchmark .*; remove it to do all anew"
        ):
            load_runs(path, {"A/gail": 1})


@pytest.mark.parametrize(
    ("seconds", "rounds", "name"), [(0.0, 1, "seconds"), (float("nan"), 1, "seconds"), (1.0, 0, "rounds")]
)
def test_nothing_is_measured_in_no_time_or_in_no_rounds(seconds: float, rounds: int, name: str) -> None:
    with pytest.raises(UserError, match=f"--{name}: .*: must be greater than 0"):
        measure_speed(argparse.Namespace(seconds=seconds, rounds=rounds))


def test_the_random_policys_pairs_are_no_resets() -> None:
    demonstrations = _random_demonstrations(find_environment("Hopper-v5"))
    assert len(demonstrations.observations) == len(demonstrations.actions) == PAIRS
    heights, angles = demonstrations.observations[:, 0], demonstrations.observations[:, 1]
    assert ((heights > 0.7) & (angles.abs() < 0.2)).all()  # else it has fallen, and the next step is a reset


def test_a_peers_runs_do_not_depend_on_our_settings() -> None:
    of_environment = [
        load_section(ROOT / "paper" / "params.yaml", Gail, "gail", environment)
        for environment in ("Hopper-v5", "Ant-v5")
    ]
    ours, peers = ([conditions_of(learner, one, b"") for one in of_environment] for learner in ("gail", "imitation"))
    assert ours[0] != ours[1]
    assert peers[0] == peers[1]
    assert peers[0] != conditions_of("imitation", of_environment[0], b"other demonstrations")


def test_runs_depend_on_the_code_that_learns_and_not_on_what_prints(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = {learner: settings_of(learner, ROOT / "paper" / "params.yaml", "Hopper-v5") for learner in LEARNERS}

    def codes() -> dict[str, str]:
        return {learner: conditions_of(learner, one, b"")["code"] for learner, one in settings.items()}

    def changed(module: ModuleType) -> set[str]:
        before = codes()
        other = tmp_path / f"{module.__name__}.py"
        other.write_text("# other code")
        with monkeypatch.context() as patch:
            patch.setattr(module, "__file__", str(other))
            after = codes()
        return {learner for learner in LEARNERS if after[learner] != before[learner]}

    assert changed(benchmarks.learning_page) == set()
    assert changed(gailpipe.rl.on_policy.loop) == {"gail", "gail-bc", "dac"}
    assert changed(benchmarks.snapshots) == set(LEARNERS)


def test_a_peers_snapshots_are_its_rounds_that_were_judged(tmp_path: Path) -> None:
    rounds = [{"env_steps": 100, "seconds": 5.04}, {"env_steps": 200, "seconds": 10.06, "return": 255.0}]
    python = fake_python(tmp_path, "\n".join(f"echo '{json.dumps(one)}'" for one in rounds))
    demonstrations = tmp_path / "demonstrations.parquet"
    table = pl.DataFrame({"trajectory": [0], "observation": np.zeros((1, 4), np.float32), "action": [0]})
    write_table(table.with_columns(trajectory_return=pl.lit(500.0)), demonstrations)
    settings = load_section(ROOT / "params.yaml", Gail, "gail", "CartPole-v1", ["trajs=1"])
    (snapshot,) = learn(Job("CartPole-v1", "imitation", 0), settings, demonstrations, python)
    assert (snapshot.env_steps, snapshot.seconds) == (200, 10.1)
    assert 0.4 < snapshot.score < 0.5  # (255 − 22.5) / (500 − 22.5), but for the random policy's few episodes


def test_our_learner_is_judged_every_so_often_and_at_its_end_while_the_clock_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = 0.0

    def train_for_a_second(*arguments: Any) -> Iterator[Any]:
        nonlocal clock
        for figures in gailpipe.rl.on_policy.loop.train(*arguments):
            clock += 1
            yield figures

    def judge_for_an_hour(*arguments: Any) -> float:
        nonlocal clock
        clock += 3600
        return judge(*arguments)

    judge = benchmarks.snapshots.mean_return
    for name, value in (
        ("STEPS_A_SNAPSHOT", 150),
        ("time", SimpleNamespace(perf_counter=lambda: clock)),
        ("train", train_for_a_second),
        ("mean_return", judge_for_an_hour),
    ):
        monkeypatch.setattr(benchmarks.snapshots, name, value)
    observations = np.zeros((6, 4), np.float32)
    table = pl.DataFrame({"trajectory": [0] * 6, "observation": observations, "action": [0, 1] * 3})
    write_table(table.with_columns(trajectory_return=pl.lit(500.0)), tmp_path / "demonstrations.parquet")
    tiny = [NO_SUCCESS, "env_steps=400", "num_envs=2", "num_steps=50", "trajs=1", "hidden_sizes=[4]"]
    settings = load_section(ROOT / "params.yaml", Gail, "gail", "CartPole-v1", tiny)
    snapshots = learn(Job("CartPole-v1", "gail", 0), settings, tmp_path / "demonstrations.parquet", Path("nowhere"))
    assert [(snapshot.env_steps, snapshot.seconds) for snapshot in snapshots] == [(200, 2), (300, 3), (400, 4)]
    assert all(-0.1 < snapshot.score < 1.01 for snapshot in snapshots)


def test_the_page_on_transfer_has_a_row_for_each_reward(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.transfer.random_return", lambda _: -300.0)
    found = {f"{form}/{seed}": {"anew": 1000.0 + seed, "moved": 10.0 * seed} for form in FORMS for seed in range(3)}
    found |= {f"{TRUE}/{seed}": {"anew": 3000.0 * seed} for seed in range(3)}
    gail = load_section(ROOT / "params.yaml", Gail, "gail", "HalfCheetah-v5")
    text = transfer_page(found, gail, load_section(ROOT / "params.yaml", Expert, "expert", "HalfCheetah-v5"))
    assert "| the true reward | 3,000 | 0, 3,000, 6,000 | – |  |" in text
    assert "| AIRL, g(s) | 1,001 | 1,000, 1,001, 1,002 | 10 | 0, 10, 20 |" in text
    assert "The random policy makes -300." in text


def test_gravity_is_heavier_where_rewards_are_transferred_to_and_nothing_else_changes() -> None:
    found = (find_environment("HeavyCheetah", CHANGED), find_environment("HalfCheetah-v5"))
    heavy, usual = (make_env(environment).unwrapped.model for environment in found)  # type: ignore[attr-defined]
    np.testing.assert_allclose(heavy.opt.gravity, GRAVITY * usual.opt.gravity)
    np.testing.assert_array_equal(heavy.body_mass, usual.body_mass)


def test_dac_is_judged_more_often_and_its_average_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    judged = list[Any]()

    def judge(environment: Any, act: Any) -> float:
        judged.append(act)
        return 100.0

    monkeypatch.setattr(benchmarks.snapshots, "mean_return", judge)
    monkeypatch.setattr(benchmarks.snapshots, "OFF_POLICY_STEPS_A_SNAPSHOT", 1000)
    table = pl.DataFrame({"trajectory": [0] * 6, "observation": np.zeros((6, 4), np.float32), "action": [0, 1] * 3})
    write_table(table.with_columns(trajectory_return=pl.lit(500.0)), tmp_path / "demonstrations.parquet")
    tiny = [NO_SUCCESS, "env_steps=2500", "updates_per_step=0.002", "batch_size=8", "trajs=1", "hidden_sizes=[4]"]
    settings = load_section(ROOT / "params.yaml", Dac, "dac", "CartPole-v1", tiny)
    snapshots = learn(Job("CartPole-v1", "dac", 0), settings, tmp_path / "demonstrations.parquet", Path("nowhere"))
    assert [snapshot.env_steps for snapshot in snapshots] == [1008, 2016, 2512]
    assert len({id(act) for act in judged[1:]}) == 1  # the first one judged is random


def test_transfers_are_taken_up_again_under_the_same_conditions_alone(tmp_path: Path) -> None:
    path, runs = tmp_path / "runs.json", {"GAIL/0": {"anew": 1.0}}
    assert load_transfers(path, {"settings": 1}) == {}
    path.write_text(json.dumps({"conditions": {"settings": 1}, "runs": runs}))
    assert load_transfers(path, {"settings": 1}) == runs
    assert load_transfers(path, {"settings": 2}) == {}
