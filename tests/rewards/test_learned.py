"""Rewards that outlive their policy."""

from pathlib import Path

import gymnasium
import numpy as np
import pytest
import torch

from gailpipe import load_reward
from gailpipe.algorithms.gail.reward import GailReward
from gailpipe.algorithms.gail.settings import Gail
from gailpipe.demonstrations.demonstrations import Demonstrations
from gailpipe.envs.environment import find_environment
from gailpipe.envs.spaces import Interface
from gailpipe.foundation.errors import UserError
from gailpipe.foundation.files import write_file
from gailpipe.foundation.params import load_section
from gailpipe.policies.policy import make_policy
from gailpipe.policies.policy_file import policy_bytes
from gailpipe.policies.tensor_file import tensor_bytes
from tests.environments import continuous_environment, generator
from tests.workspace import ROOT


def learned(path: Path, environment: Interface, sign: str = "false") -> GailReward:
    """Write the reward of a discriminator that has learned nothing, and return it as GAIL uses it."""
    settings = load_section(ROOT / "params.yaml", Gail, "gail", assignments=[f"episodes_end_on_success={sign}"])
    policy = make_policy(environment, [8], 0.0, generator())
    observations = 3 * torch.randn(20, environment.observation_dim, generator=generator()) + 1
    actions = policy.sample(observations, generator()).detach()
    policy.start_from(observations, actions)
    reward = GailReward(policy, Demonstrations(observations, actions), settings, generator())
    write_file(path, reward.files()["reward"])
    return reward


@pytest.mark.parametrize("name", ["Pendulum-v1", "CartPole-v1"])
@pytest.mark.parametrize("sign", ["false", "true"])
def test_a_reward_comes_back_and_pays_what_the_policy_learned_from(tmp_path: Path, name: str, sign: str) -> None:
    environment, path = find_environment(name), tmp_path / "reward.safetensors"
    reward = learned(path, environment, sign)
    observations = torch.randn(4, environment.observation_dim, generator=generator())
    policy = make_policy(environment, [8], 0.0, generator())
    own = policy.sample(observations, generator()).detach()
    executed = environment.actions.executable(own.numpy())
    loaded = load_reward(path, name)
    logits = reward.discriminator(observations, reward._policy.encode_actions(own))
    expected = torch.nn.functional.logsigmoid(logits) if sign == "true" else torch.nn.functional.softplus(logits)
    np.testing.assert_allclose(loaded(observations.numpy(), executed), expected.detach().numpy(), rtol=1e-5)
    assert loaded(observations.numpy()[0], executed[0]).shape == ()


def test_a_wrapped_environment_pays_for_the_state_that_was_acted_in(tmp_path: Path) -> None:
    learned(tmp_path / "reward.safetensors", find_environment("Pendulum-v1"))
    reward = load_reward(tmp_path / "reward.safetensors")
    env = reward.wrap(gymnasium.make("Pendulum-v1"))
    before, _ = env.reset(seed=0)
    action = np.array([0.5], np.float32)
    after, paid, *_ = env.step(action)
    assert paid == pytest.approx(float(reward(before, action)))
    assert env.step(action)[1] == pytest.approx(float(reward(after, action)))


def test_what_is_no_reward_is_named(tmp_path: Path) -> None:
    path = tmp_path / "reward.safetensors"
    learned(path, continuous_environment())
    with pytest.raises(UserError, match=r"reward\.safetensors: is a reward for Continuous-v0, not for Hopper-v5"):
        load_reward(path, "Hopper-v5")
    policy = make_policy(continuous_environment(), [8], 0.0, generator())
    for content in (policy_bytes(policy), tensor_bytes({}, {"hidden_sizes": [8]})):
        path.write_bytes(content)
        with pytest.raises(UserError, match=r"reward\.safetensors: is no reward of this version"):
            load_reward(path)
