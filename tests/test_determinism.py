"""The same seed gives the same bytes."""

from pathlib import Path

import pytest
import torch

from gailpipe.envs.simulators import Simulators
from gailpipe.envs.tasks import find_task
from gailpipe.imitation.demonstrations import Demonstrations
from gailpipe.imitation.gail_reward import GailReward
from gailpipe.params.base import load_section
from gailpipe.params.gail import Gail
from gailpipe.policies.policy import make_policy
from gailpipe.policies.policy_file import save_policy
from gailpipe.rl.training import train
from tests.workspace import ROOT


def gail_bytes(name: str, path: Path, num_threads: int, seed: int) -> bytes:
    settings = load_section(ROOT / "params.yaml", Gail, "gail", "Hopper-v5").model_copy(
        update={"num_envs": 8, "num_steps": 64, "env_steps": 2048, "hidden_sizes": [16]}
    )
    task, generator = find_task(name), torch.Generator().manual_seed(seed)
    policy = make_policy(task, [16], -0.5, generator)
    observations = torch.randn(64, task.observation_dim, generator=generator)
    demonstrations = Demonstrations(observations, policy.sample(observations, generator).detach())
    reward = GailReward(policy, demonstrations, settings, generator)
    simulators = Simulators(task, settings.num_envs, seed, num_threads)
    assert len(list(train(policy, simulators, reward, settings, generator))) == 4
    save_policy(policy, path)
    return path.read_bytes()


@pytest.mark.parametrize("name", ["Hopper-v5", "CartPole-v1"])
def test_twice_in_a_row_and_whatever_the_number_of_threads(name: str, tmp_path: Path) -> None:
    once, again, threaded, other = (
        gail_bytes(name, tmp_path / "policy.safetensors", num_threads, seed)
        for num_threads, seed in ((1, 0), (1, 0), (2, 0), (1, 1))
    )
    assert once == again == threaded
    assert once != other
