import pytest
import torch

from gailpipe.rl.on_policy.advantages import gae

NO = torch.zeros(3, 1, dtype=torch.bool)


def column(*numbers: float) -> torch.Tensor:
    return torch.tensor(numbers, dtype=torch.float32).unsqueeze(1)


def at(step: int) -> torch.Tensor:
    flags = NO.clone()
    flags[step] = True
    return flags


def test_one_reward_decays_by_discount_times_lambda() -> None:
    advantages, returns = gae(column(0, 0, 1), torch.zeros(4, 1), NO, NO, discount=0.5, gae_lambda=0.5)
    torch.testing.assert_close(advantages, column(0.0625, 0.25, 1))
    torch.testing.assert_close(returns, advantages)


def test_lambda_one_gives_discounted_returns_with_bootstrap() -> None:
    values = column(5, 6, 7, 8)
    _, returns = gae(column(1, 2, 3), values, NO, NO, discount=0.5, gae_lambda=1.0)
    torch.testing.assert_close(
        returns, column(1 + 0.5 * (2 + 0.5 * (3 + 0.5 * 8)), 2 + 0.5 * (3 + 0.5 * 8), 3 + 0.5 * 8)
    )


def test_lambda_zero_gives_temporal_differences() -> None:
    advantages, _ = gae(column(1, 2, 3), column(5, 6, 7, 8), NO, NO, discount=0.5, gae_lambda=0.0)
    torch.testing.assert_close(advantages, column(1 + 3 - 5, 2 + 3.5 - 6, 3 + 4 - 7))


def test_truncation_bootstraps_from_the_last_observation_and_termination_does_not() -> None:
    rewards, values = column(1, 1, 1), column(0, 0, 10, 10)
    truncated, _ = gae(rewards, values, NO, at(1), discount=0.5, gae_lambda=1.0)
    terminated, _ = gae(rewards, values, at(1), NO, discount=0.5, gae_lambda=1.0)
    torch.testing.assert_close(truncated[:2], column(1 + 0.5 * 6, 1 + 0.5 * 10))
    torch.testing.assert_close(terminated[:2], column(1 + 0.5 * 1, 1))


def test_an_end_that_is_both_does_not_bootstrap() -> None:
    rewards, values = column(1, 1, 1), column(0, 0, 10, 10)
    both, _ = gae(rewards, values, at(1), at(1), discount=0.5, gae_lambda=1.0)
    terminated, _ = gae(rewards, values, at(1), NO, discount=0.5, gae_lambda=1.0)
    torch.testing.assert_close(both, terminated)


@pytest.mark.parametrize("truncated", [True, False])
def test_nothing_of_a_reset_reaches_the_steps_around_it(truncated: bool) -> None:
    end, reset = 0, 1
    ended = (NO, at(end)) if truncated else (at(end), NO)
    plain = gae(column(1, 0, 3), column(5, 6, 7, 8), *ended, discount=0.5, gae_lambda=0.9)
    last = 6.0 if truncated else 1000.0  # value of the observation that the reset starts from, the episode's last
    other = gae(column(1, -1000, 3), column(5, last, 7, 8), *ended, discount=0.5, gae_lambda=0.9)
    valid = torch.arange(3) != reset
    for one, another in zip(plain, other, strict=True):
        torch.testing.assert_close(one[valid], another[valid])
