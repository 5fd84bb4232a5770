"""The loop of all that learns from rollouts, on an environment of two episodes without end."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch

from gailpipe.policies.policy import Policy, make_policy
from gailpipe.rewards.reward_function import EnvironmentReward, RewardFunction
from gailpipe.rl.on_policy import loop
from gailpipe.rl.on_policy.loop import train
from gailpipe.rl.on_policy.settings import Training, ValueFunctionFit
from gailpipe.rl.on_policy.value_function import ValueFunction
from gailpipe.training.checkpoint import Checkpoint, Metrics
from gailpipe.training.transitions import Transitions
from tests.training.test_rollout import FakeVectorEnv


def test_the_normaliser_moves_only_after_all_have_learned(monkeypatch: pytest.MonkeyPatch) -> None:
    generator = torch.Generator().manual_seed(0)
    policy = make_policy(FakeVectorEnv.environment, [4], 0, generator)
    counts = []

    def watched(learn: Callable[..., Any]) -> Callable[..., Any]:
        def watch(*arguments: Any) -> Any:
            found = learn(*arguments)
            counts.append((learn.__name__, float(policy.normalizer.count)))
            return found

        return watch

    for owner, name in (
        (EnvironmentReward, "fit"),
        (EnvironmentReward, "__call__"),
        (loop, "trpo_step"),
        (ValueFunction, "fit"),
    ):
        monkeypatch.setattr(owner, name, watched(getattr(owner, name)))
    list(train_on_fakes(policy, EnvironmentReward(), settings(env_steps=20, num_steps=5), generator))
    learners = ("fit", "__call__", "trpo_step", "fit")
    assert counts == [(name, count) for count in (0, 8) for name in learners]  # of ten rows, two are resets


def train_on_fakes(
    policy: Policy, reward_function: RewardFunction, settings: Training, generator: torch.Generator
) -> Iterator[dict[str, float]]:
    vector_env: Any = FakeVectorEnv
    return train(policy, lambda _: vector_env(), reward_function, settings, generator, Checkpoint())


def settings(env_steps: int, num_steps: int) -> Training:
    return Training(
        env_steps=env_steps,
        num_envs=2,
        num_steps=num_steps,
        hidden_sizes=[8],
        initial_log_std=0.0,
        discount=0.9,
        gae_lambda=0.9,
        max_kl=0.05,
        damping=0.1,
        fisher_fraction=1.0,
        value_function=ValueFunctionFit(learning_rate=0.001, epochs=1, batch_size=64),
    )


def test_training_raises_the_probability_of_the_rewarded_action_in_a_shrinking_trust_region() -> None:
    class ActionReward(EnvironmentReward):
        def __call__(self, transitions: Transitions) -> torch.Tensor:
            return (transitions.actions == 2).float()

    generator = torch.Generator().manual_seed(0)
    policy = make_policy(FakeVectorEnv.environment, [8], 0, generator)
    figures = list(train_on_fakes(policy, ActionReward(), settings(4000, 200), generator))
    probabilities = policy.distribution(torch.tensor([[0.0], [1.0]])).probs  # type: ignore[attr-defined]
    assert float(probabilities[:, 2].min().detach()) > 0.8
    assert len(figures) == 10
    assert all(row["kl"] <= 0.05 * (1 - iteration / 10) for iteration, row in enumerate(figures))  # of ten iterations
    assert figures[-1]["env_steps"] == 4000
    assert 2 < figures[0]["length"] < 3


def test_reward_functions_are_fitted_on_valid_rows_alone_and_pay_all() -> None:
    fitted, paid = list[Transitions](), list[Transitions]()

    class WatchedReward(EnvironmentReward):
        def fit(self, transitions: Transitions) -> Metrics:
            fitted.append(transitions)
            return {}

        def __call__(self, transitions: Transitions) -> torch.Tensor:
            paid.append(transitions)
            return transitions.rewards

    generator = torch.Generator().manual_seed(0)
    policy = make_policy(FakeVectorEnv.environment, [4], 0, generator)
    list(train_on_fakes(policy, WatchedReward(), settings(env_steps=10, num_steps=5), generator))
    ((valid,), (whole,)) = fitted, paid
    assert len(valid) == 8  # of ten rows, two are resets: of each environment, its third or fourth
    assert (valid.next_observations == valid.observations + 1).all()
    assert valid.observations.flatten().tolist() == [0, 0, 1, 1, 2, 0, 1, 0]
    assert whole.rewards.tolist() == [[1, 1], [1, 1], [0, 1], [1, 0], [1, 1]]
    reset = whole.rewards == 0
    assert torch.equal(whole[~reset].actions, valid.actions)
