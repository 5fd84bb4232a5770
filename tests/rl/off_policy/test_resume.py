"""An interrupted run ends with the same bytes as one that nothing disturbed."""

from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import pytest
import torch

from gailpipe.algorithms.dac.learner import start_dac
from gailpipe.algorithms.dac.settings import Dac
from gailpipe.demonstrations.demonstrations import Demonstrations
from gailpipe.envs.environment import find_environment
from gailpipe.envs.vector_env import VectorEnv
from gailpipe.foundation.params import load_section
from gailpipe.policies.policy import make_policy
from gailpipe.policies.policy_file import policy_bytes
from gailpipe.rl.off_policy.loop import train
from gailpipe.training.checkpoint import Checkpoint, Metrics, Part
from tests.rl.off_policy.settings import TINY
from tests.workspace import ROOT

ROWS = 9


def start_training(
    name: str, folder: Path | None, seed: int = 3
) -> tuple[Callable[[], list[bytes]], Iterator[Metrics]]:
    """Return what tells the files so far, and a training, which goes on from the checkpoint if there is one."""
    own = {**TINY, "env_steps": 20 * ROWS - 4, "num_envs": 2, "first_steps": 30, "updates_per_step": 0.25}
    settings = load_section(ROOT / "params.yaml", Dac, "dac").model_copy(
        update={**own, "policy_every": 2, "episodes_end_on_success": False}
    )
    environment, generator = find_environment(name), torch.Generator().manual_seed(seed)
    other = make_policy(environment, [8], -0.5, generator)
    observations = torch.randn(64, environment.observation_dim, generator=generator)
    demonstrations = Demonstrations(observations, other.sample(observations, generator).detach())
    learner, reward = start_dac(environment, demonstrations, settings, generator)

    def make_vector_env(start: int) -> VectorEnv:
        return VectorEnv(environment, settings.num_envs, seed + start, 1)

    checkpoint = Checkpoint(folder and folder / "training")
    replay = folder and folder / "replay"
    training = train(learner, make_vector_env, reward, settings, torch.float64, generator, checkpoint, replay)
    return lambda: [policy_bytes(learner.policy), policy_bytes(learner.average), *reward.files().values()], training


@pytest.fixture
def _starts_and_rows_are_short_and_each_second_row_is_saved(monkeypatch: pytest.MonkeyPatch) -> None:
    def offer(checkpoint: Checkpoint, parts: dict[str, Part]) -> None:
        if len(checkpoint.metrics) % 2 == 0:
            checkpoint.save(parts)

    monkeypatch.setattr(Checkpoint, "offer", offer)
    monkeypatch.setattr("gailpipe.training.rollout.EPISODES_A_START", 0)
    monkeypatch.setattr("gailpipe.training.rollout.LEAST_STEPS_A_START", 25)
    monkeypatch.setattr("gailpipe.rl.off_policy.loop.STEPS_A_ROW", 20)


@pytest.mark.usefixtures("_starts_and_rows_are_short_and_each_second_row_is_saved")
@pytest.mark.parametrize("name", ["Hopper-v5", "CartPole-v1"])
def test_an_interrupted_run_ends_as_if_nothing_had_happened(name: str, tmp_path: Path) -> None:
    whole, training = start_training(name, None)
    rows = list(training)
    assert len(rows) == ROWS
    for count, kept in ((1, 0), (3, 0), (1, 2), (2, 2), (3, 4)):  # a start lasts for two and a half rows
        _, training = start_training(name, tmp_path)
        done = list(islice(training, count))
        assert [row["env_steps"] for row in done] == [20 * (kept + number + 1) for number in range(count)]
    resumed, training = start_training(name, tmp_path)
    assert len(list(training)) == ROWS - 6
    assert resumed() == whole()
    assert repr(Checkpoint(tmp_path / "training").metrics) == repr(rows)
    finished, training = start_training(name, tmp_path)
    assert list(training) == []
    assert finished() == whole()
    other, training = start_training(name, None, seed=4)
    list(training)
    assert other() != whole()
