from math import log
from pathlib import Path

import pytest
import torch

from gailpipe.algorithms.expert.learner import learn_expert
from gailpipe.algorithms.expert.settings import Expert
from gailpipe.algorithms.gail.settings import Gail
from gailpipe.demonstrations.demonstrations import Demonstrations
from gailpipe.envs.environment import find_environment
from gailpipe.envs.settings import EnvSettings
from gailpipe.foundation.errors import UserError
from gailpipe.foundation.params import load_section
from gailpipe.policies.policy import make_policy
from gailpipe.policies.policy_file import load_policy
from gailpipe.rewards.adversarial import AdversarialReward
from gailpipe.rewards.reward_function import EnvironmentReward
from gailpipe.training.transitions import Transitions
from tests.environments import generator
from tests.workspace import ROOT

OTHER = EnvSettings(id="CartPole-v1", max_episode_steps=7)


def tiny(*different: str) -> Expert:
    tiny = ["env_steps=64", "num_envs=2", "num_steps=16", "hidden_sizes=[4]", *different]
    return load_section(ROOT / "params.yaml", Expert, "expert", assignments=tiny)


def learned_state(out: Path, noise_kept: float) -> dict[str, torch.Tensor]:
    learn_expert(find_environment("Pendulum-v1"), tiny(f"noise_kept={noise_kept}"), 0, None, out)
    return load_policy(out / "policy.safetensors", "Pendulum-v1").state_dict()


def test_a_trained_expert_keeps_a_share_of_its_noise(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    all_of_it, half = learned_state(tmp_path / "all", 1.0), learned_state(tmp_path / "half", 0.5)
    torch.testing.assert_close(half.pop("log_std"), all_of_it.pop("log_std") + log(0.5))
    assert all(torch.equal(half[name], all_of_it[name]) for name in all_of_it)


def learned_reward(path: Path, name: str) -> Path:
    """Write the reward of a discriminator that knows nothing yet."""
    environment = find_environment(name)
    policy = make_policy(environment, [8], 0.0, generator())
    observations = torch.randn(20, environment.observation_dim, generator=generator())
    expert = Demonstrations(observations, policy.sample(observations, generator()).detach())
    policy.start_from(expert.observations, expert.actions)
    settings = load_section(ROOT / "params.yaml", Gail, "gail")
    reward = AdversarialReward(policy, expert, settings, False, 0.99, True, generator())
    path.write_bytes(reward.files()["reward"])
    return path


def test_a_learned_reward_pays_alone_in_any_environment_of_its_sizes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    asked = list[Transitions]()

    def watched(_: EnvironmentReward, transitions: Transitions) -> torch.Tensor:
        asked.append(transitions)
        return transitions.rewards

    monkeypatch.setattr(EnvironmentReward, "__call__", watched)
    reward, environment = (
        learned_reward(tmp_path / "reward.safetensors", "CartPole-v1"),
        find_environment("other", OTHER),
    )
    runs = {"own": (None, "0"), "learned": (reward, "0"), "learned, and a bonus": (reward, "5")}
    found = {}
    for name, (file, bonus) in runs.items():
        asked.clear()
        learn_expert(environment, tiny(f"rnd_bonus={bonus}"), 0, file, tmp_path / name)
        assert bool(asked) == (file is None)
        found[name] = (tmp_path / name / "policy.safetensors").read_bytes()
    assert found["learned"] != found["own"]
    assert found["learned, and a bonus"] == found["learned"]  # there is none where a reward was learned
    assert load_policy(tmp_path / "learned" / "policy.safetensors").environment.name == "other"


def test_a_learned_reward_of_other_sizes_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    reward = learned_reward(tmp_path / "reward.safetensors", "Acrobot-v1")
    sizes = "6 observations and integers of 3 values but 4 observations and integers of 2 values"
    sentence = f"^{reward}: is a reward for Acrobot-v1, which is unlike other: {sizes}$"
    with pytest.raises(UserError, match=sentence):
        learn_expert(find_environment("other", OTHER), tiny(), 0, reward, tmp_path / "expert")
    assert not (tmp_path / "expert").exists()
