"""An environment and recordings of one's own go through the pipeline, without an expert."""

import json
from pathlib import Path

import numpy as np
import pytest
from ruamel.yaml import YAML

from tests.workspace import TINY_ENVS, Workspace, stages_run, write_params

CODE = """
import gymnasium
import numpy as np
from gymnasium.spaces import Box, Dict

gymnasium.register("Own-v0", "environments.own:Own", max_episode_steps=10)


class Own(gymnasium.Env):
    metadata = {"render_modes": ["rgb_array"], "render_fps": 10}
    action_space = Box(-1.0, 1.0, (1,))
    observation_space = Dict({"goal": Box(-1.0, 1.0, (1,)), "place": Box(-1.0, 1.0, (1,))})

    def __init__(self, speed, render_mode=None):
        self.speed, self.render_mode = speed, render_mode

    def observe(self):
        return {"goal": self.goal, "place": self.place}

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.goal, self.place = self.np_random.uniform(-1, 1, (2, 1)).astype(np.float32)
        return self.observe(), {}

    def step(self, action):
        self.place = np.clip(self.place + self.speed * action, -1, 1).astype(np.float32)
        missed = float(abs(self.place - self.goal)[0])
        return self.observe(), -missed, missed < 0.05, False, {}

    def render(self):
        return np.full((32, 32, 3), int(127 * (1 + self.place[0])), np.uint8)
"""


@pytest.fixture(scope="module")
def workspace(finished: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """Return a workspace that has run an environment of its own, beside the others."""
    workspace = finished.copy(tmp_path_factory.mktemp("own") / "repository")
    (workspace.root / "environments" / "own.py").write_text(CODE)
    (workspace.root / "recordings").mkdir()
    record(workspace.root / "recordings" / "own.npz")
    workspace.dvc("add", "recordings/own.npz")
    params = YAML(typ="safe").load(workspace.root / "params.yaml")
    params["recordings"]["my-own"] = {"path": "recordings/own.npz"}
    kind = {"id": "environments.own:Own-v0", "kwargs": {"speed": 0.2}, "code": "environments/own.py"}
    params["envs"]["my-own"] = {**kind, "bc": {"trajs": 4, "steps": 2000}, "gail": {}, "dac": {}}
    write_params(params, workspace.root / "params.yaml")
    workspace.ran = stages_run(workspace.dvc("repro"))  # type: ignore[attr-defined]
    return workspace


def record(path: Path) -> None:
    """Write six trajectories of somebody who goes straight to the goal, in D4RL's layout, without rewards."""
    rng, rows = np.random.default_rng(0), []
    for _ in range(6):
        goal, place = rng.uniform(-1, 1, 2)
        for step in range(10):
            action = np.clip((goal - place) / 0.2, -1, 1)
            place_next = place + 0.2 * action
            done = abs(place_next - goal) < 0.05
            rows.append(([goal, place], [action], done, step == 9 and not done))
            place = place_next
            if done:
                break
    observations, actions, terminals, timeouts = map(np.array, zip(*rows, strict=True))
    np.savez(path, observations=observations, actions=actions, terminals=terminals, timeouts=timeouts)


def test_only_the_new_environment_runs_and_no_expert(workspace: Workspace) -> None:
    looks = {f"{stage}@my-own-{learner}" for stage in ("evaluate", "film") for learner in ("bc", "gail", "dac")}
    own = {f"{stage}@my-own" for stage in ("import", "bc", "gail", "dac", "occupancy")}
    assert workspace.ran == {"validate", *own, *looks, "report"}  # type: ignore[attr-defined]
    assert stages_run(workspace.dvc("repro")) == set()


def test_its_results_stand_in_the_report_without_an_expert_and_without_scores(workspace: Workspace) -> None:
    metrics = json.loads((workspace.root / "reports" / "metrics.json").read_text())
    assert set(metrics) == {*TINY_ENVS, "my-own"}
    assert metrics["my-own"]["bc"]["normalized"] is None
    assert metrics["my-own"]["bc"]["return"] > metrics["my-own"]["random"]["return"]
    assert (workspace.root / "reports" / "films" / "my-own-gail.webp").exists()
    assert not (workspace.root / "reports" / "films" / "my-own-expert.webp").exists()


def test_its_code_and_its_recording_are_dependencies_of_its_stages_alone(workspace: Workspace) -> None:
    code = workspace.root / "environments" / "own.py"
    code.write_text(CODE + "# changed\n")
    assert "environments" in workspace.dvc("status", "validate")
    workspace.dvc("repro", "--single-item", "validate")
    changed = json.loads(workspace.dvc("status", "--json"))
    assert {stage for stage in changed if "@my-own" not in stage} == set()
    assert "gail@my-own" in changed
    code.write_text(CODE)
    workspace.dvc("repro", "--single-item", "validate")
    recording = workspace.root / "recordings" / "own.npz"
    recording.unlink()
    np.savez(recording, nothing=np.zeros(1))
    assert "import@my-own" in json.loads(workspace.dvc("status", "--json"))
    output = workspace.dvc("repro", "import@my-own", fails=True)
    assert "own.npz: has no observations, actions, terminals, but nothing" in output
