"""Rewards that outlive their policy."""

from pathlib import Path

import gymnasium
import numpy as np
import pytest
import torch

from gailpipe import load_reward
from gailpipe.envs.environment import find_environment
from gailpipe.envs.spaces import Interface
from gailpipe.foundation.errors import UserError
from gailpipe.foundation.files import write_file
from gailpipe.policies.policy import make_policy
from gailpipe.policies.policy_file import policy_bytes
from gailpipe.policies.tensor_file import read_tensors, tensor_bytes
from gailpipe.rewards.adversarial import AdversarialReward
from gailpipe.rewards.discriminator import Judged, ShapedDiscriminator
from gailpipe.rewards.learned import Pays
from tests.environments import continuous_environment, generator
from tests.rewards.forms import DISCOUNT, FORMS, adversarial, demonstrations_of, new_policy, steps_of

LOGITS = torch.tensor([-3.0, -0.5, 0.0, 2.0])
SIGNS = {"true": Pays.LOG_D, "false": Pays.MINUS_LOG_ONE_MINUS_D}


def test_rewards_are_log_d_and_minus_log_one_minus_d_and_their_sum() -> None:
    probability = torch.sigmoid(LOGITS)
    log_d, minus_log_rest = probability.log(), -(1 - probability).log()
    torch.testing.assert_close(Pays.LOG_D(LOGITS), log_d)
    torch.testing.assert_close(Pays.MINUS_LOG_ONE_MINUS_D(LOGITS), minus_log_rest)
    torch.testing.assert_close(Pays.LOGIT(LOGITS), log_d + minus_log_rest)


def test_the_rewards_signs_suit_how_episodes_end_and_differ_by_the_logit() -> None:
    success, failure = Pays.LOG_D(LOGITS), Pays.MINUS_LOG_ONE_MINUS_D(LOGITS)
    assert (success <= 0).all()
    assert (failure >= 0).all()
    torch.testing.assert_close(success + failure, LOGITS)


def test_rewards_stay_finite_where_d_rounds_to_0_or_1() -> None:
    assert Pays.MINUS_LOG_ONE_MINUS_D(torch.tensor([200.0])).item() == 200
    assert Pays.LOG_D(torch.tensor([-200.0])).item() == -200


def learned(
    path: Path, environment: Interface, sign: str = "false", form: str = "pairs", spectral_norm: bool = False
) -> AdversarialReward:
    """Write the reward of a discriminator that has learned for two rollouts, and return it as GAIL uses it."""
    policy = new_policy(environment)
    settings = adversarial(**FORMS[form], spectral_norm=spectral_norm)
    demonstrations = demonstrations_of(policy)
    reward = AdversarialReward(policy, demonstrations, settings, sign == "true", DISCOUNT, True, generator())
    for _ in range(2):
        reward.fit(steps_of(policy))
    write_file(path, reward.files()["reward"])
    return reward


@pytest.mark.parametrize("spectral_norm", [False, True])
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", ["Pendulum-v1", "CartPole-v1"])
@pytest.mark.parametrize("sign", ["false", "true"])
def test_a_reward_comes_back_and_pays_what_the_policy_learned_from(
    tmp_path: Path, name: str, sign: str, form: str, spectral_norm: bool
) -> None:
    """Of AIRL's f that is the reward g alone, without log π, and without shaping."""
    environment, path = find_environment(name), tmp_path / "reward.safetensors"
    reward = learned(path, environment, sign, form, spectral_norm)
    steps = steps_of(new_policy(environment), 4, seed=3)
    discriminator = reward.discriminator
    if isinstance(discriminator, ShapedDiscriminator):
        inputs = discriminator.inputs(steps)
        width = inputs.shape[-1] - environment.observation_dim - 1  # what is judged stands first
        expected = discriminator.network(inputs[..., :width]).squeeze(-1)
    else:
        expected = reward(steps)
        torch.testing.assert_close(expected, SIGNS[sign](discriminator(steps)).detach())
    executed = environment.actions.executable(steps.actions.numpy())
    loaded, seen = load_reward(path, name), (steps.observations.numpy(), executed, steps.next_observations.numpy())
    np.testing.assert_allclose(loaded(*seen), expected.detach().numpy(), rtol=1e-4, atol=1e-6)
    torch.testing.assert_close(loaded.rewards(steps), expected, rtol=1e-4, atol=1e-6)
    assert loaded(*(one[0] for one in seen)).shape == ()


@pytest.mark.parametrize("form", FORMS)
def test_what_is_not_judged_may_be_left_out_and_what_is_is_asked_for(tmp_path: Path, form: str) -> None:
    path = tmp_path / "reward.safetensors"
    learned(path, continuous_environment(), form=form)
    reward, steps = load_reward(path), steps_of(new_policy(continuous_environment()))
    whole = {"actions": steps.actions.numpy(), "next_observations": steps.next_observations.numpy()}
    needed = {Judged.PAIRS: "actions", Judged.STATE_PAIRS: "next_observations", Judged.STATES: None}[reward.judged]
    least = {name: values for name, values in whole.items() if name == needed}
    observations = steps.observations.numpy()
    np.testing.assert_array_equal(reward(observations, **least), reward(observations, **whole))
    if needed is not None:
        del whole[needed]
        said = f"^this reward judges {reward.judged.value}, of which the latter are missing$"
        with pytest.raises(UserError, match=said):
            reward(observations, **whole)


@pytest.mark.parametrize("form", FORMS)
def test_a_wrapped_environment_pays_for_the_state_that_was_acted_in_and_the_next(tmp_path: Path, form: str) -> None:
    learned(tmp_path / "reward.safetensors", find_environment("Pendulum-v1"), form=form)
    reward = load_reward(tmp_path / "reward.safetensors")
    env = reward.wrap(gymnasium.make("Pendulum-v1"))
    before, _ = env.reset(seed=0)
    action = np.array([0.5], np.float32)
    after, paid, *_ = env.step(action)
    assert paid == pytest.approx(float(reward(before, action, after)))
    last, paid, *_ = env.step(action)
    assert paid == pytest.approx(float(reward(after, action, last)))


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


def test_what_is_damaged_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "reward.safetensors"
    learned(path, continuous_environment())
    whole = path.read_bytes()
    for damaged in (whole[:-9], whole[:-1] + bytes([whole[-1] ^ 1]), b""):
        path.write_bytes(damaged)
        with pytest.raises(UserError, match=r"reward\.safetensors: "):
            load_reward(path)
    path.write_bytes(whole)
    tensors, description = read_tensors(path)
    for changes in ({"judged": "actions"}, {"judged": Judged.STATES.value}, {"pays": "D"}, {"pays": [1]}):
        path.write_bytes(tensor_bytes(tensors, description | changes))
        with pytest.raises(UserError, match=r"reward\.safetensors: is no reward of this version of gailpipe"):
            load_reward(path)
    for key in ("judged", "pays"):
        path.write_bytes(tensor_bytes(tensors, {name: description[name] for name in description if name != key}))
        with pytest.raises(UserError, match=r"reward\.safetensors: is no reward of this version of gailpipe"):
            load_reward(path)
    for key in tensors:
        path.write_bytes(tensor_bytes({name: tensors[name] for name in tensors if name != key}, description))
        with pytest.raises(UserError, match=r"reward\.safetensors: is no reward of this version of gailpipe"):
            load_reward(path)
