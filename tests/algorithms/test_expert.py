from math import log
from pathlib import Path

import pytest
import torch

from gailpipe.algorithms.expert.learner import learn_expert
from gailpipe.algorithms.expert.settings import Expert
from gailpipe.envs.environment import find_environment
from gailpipe.foundation.params import load_section
from gailpipe.policies.policy_file import load_policy
from tests.workspace import ROOT


def learned_state(out: Path, noise_kept: float) -> dict[str, torch.Tensor]:
    tiny = ["env_steps=64", "num_envs=2", "num_steps=16", "hidden_sizes=[4]", f"noise_kept={noise_kept}"]
    settings = load_section(ROOT / "params.yaml", Expert, "expert", assignments=tiny)
    learn_expert(find_environment("Pendulum-v1"), settings, 0, out)
    return load_policy(out / "policy.safetensors", "Pendulum-v1").state_dict()


def test_a_trained_expert_keeps_a_share_of_its_noise(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    all_of_it, half = learned_state(tmp_path / "all", 1.0), learned_state(tmp_path / "half", 0.5)
    torch.testing.assert_close(half.pop("log_std"), all_of_it.pop("log_std") + log(0.5))
    assert all(torch.equal(half[name], all_of_it[name]) for name in all_of_it)
