import re

import pytest
from pydantic import ValidationError

from tests.rl.off_policy.settings import tiny


@pytest.mark.parametrize("num_envs", [1, 3, 16])
@pytest.mark.parametrize("updates_per_step", [0.1, 0.5, 1.0, 2.7])
def test_a_run_has_its_updates_for_all_steps_but_the_first(num_envs: int, updates_per_step: float) -> None:
    settings = tiny(env_steps=48 * 5, num_envs=num_envs, first_steps=50, updates_per_step=updates_per_step)
    numbers = [list(settings.updates_after(step)) for step in range(settings.iterations)]
    before = 50 // num_envs  # steps of each copy after which no more than the first ones have been taken
    assert not any(numbers[:before])
    total = int(updates_per_step * (48 * 5 - 50))
    assert [number for after_one in numbers for number in after_one] == list(range(total))
    most = max(len(after_one) for after_one in numbers)
    assert most <= updates_per_step * num_envs + 1


def test_steps_of_all_copies_are_rounded_up_to_steps_of_each() -> None:
    assert [tiny(env_steps=steps, num_envs=16).iterations for steps in (16, 17, 32)] == [1, 2, 2]


@pytest.mark.parametrize("env_steps", [9, 10])
def test_a_run_without_any_update_is_refused(env_steps: int) -> None:
    sentence = f"env_steps is {env_steps}, but first_steps = 10 come before any update"
    with pytest.raises(ValidationError, match=re.escape(sentence)):
        tiny(env_steps=env_steps)
    assert tiny(env_steps=11).env_steps == 11


def test_the_learning_rate_falls_to_zero_in_the_last_quarter() -> None:
    settings = tiny(env_steps=40, num_envs=2, learning_rate=0.01)
    rates = [settings.learning_rate_at(step) for step in (0, 10, 15, 18, 19)]
    assert rates == pytest.approx([0.01, 0.01, 0.01, 0.004, 0.002])


def test_the_policys_own_loss_grows_to_its_full_weight() -> None:
    weights = [tiny(policy_warm_up=8).policy_weight_at(update) for update in (0, 2, 8, 100)]
    assert weights == [0, 0.25, 1, 1]
    assert tiny(policy_warm_up=0).policy_weight_at(0) == 1
