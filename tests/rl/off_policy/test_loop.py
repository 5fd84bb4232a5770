"""The loop of all that learns from replayed transitions, on an environment of two episodes without end."""

from collections.abc import Iterator
from math import isnan, nan
from pathlib import Path
from typing import Any

import pytest
import torch

from gailpipe.foundation.errors import UserError
from gailpipe.policies.policy import make_policy
from gailpipe.rewards.reward_function import EnvironmentReward
from gailpipe.rl.off_policy.loop import train
from gailpipe.rl.off_policy.sac import SoftActorCritic
from gailpipe.training.checkpoint import Checkpoint, Metrics
from gailpipe.training.transitions import Transitions
from tests.environments import generator
from tests.rl.off_policy.settings import tiny
from tests.training.test_rollout import FakeVectorEnv

UPDATED = {"reward", "critic_loss", "q", "entropy", "temperature"}


@pytest.fixture(autouse=True)
def _rows_are_of_ten_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gailpipe.rl.off_policy.loop.STEPS_A_ROW", 10)


def train_on_fakes(
    reward_function: Any = None, checkpoint: Checkpoint | None = None, folder: Path | None = None, **different: Any
) -> tuple[SoftActorCritic, Iterator[Metrics]]:
    chance, settings = generator(), tiny(**different)
    learner = SoftActorCritic(make_policy(FakeVectorEnv.environment, [8], 0.0, chance), settings, None, chance)
    vector_env: Any = FakeVectorEnv
    reward_function, checkpoint = reward_function or EnvironmentReward(), checkpoint or Checkpoint()
    return learner, train(
        learner, lambda _: vector_env(), reward_function, settings, torch.float32, chance, checkpoint, folder
    )


def test_a_row_tells_of_its_steps_and_the_last_one_of_those_that_are_left() -> None:
    _, training = train_on_fakes(env_steps=46)
    rows = list(training)
    assert [row["env_steps"] for row in rows] == [10, 20, 30, 40, 46]
    assert [set(row) & UPDATED for row in rows] == [set(), *[UPDATED] * 4]  # the first ten steps have no update
    # of each copy there are five steps in a row: the first ends after 2, 5, 8, 11 …, the second after 3, 7, 11 …
    assert [row["return"] for row in rows] == [pytest.approx(mean) for mean in (7 / 3, 5 / 2, 5 / 2, 7 / 3, 5 / 2)]
    assert [row["length"] for row in rows] == [row["return"] for row in rows]
    assert 0 < min(row["reward"] for row in rows[1:]) <= 1


def test_where_no_episode_ended_a_row_has_no_return(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gailpipe.rl.off_policy.loop.STEPS_A_ROW", 2)
    _, training = train_on_fakes(env_steps=12, first_steps=11)
    rows = list(training)
    returns = [nan, 2.0, 3.0, nan, 2.0, nan]
    for name in ("return", "length"):
        assert [row[name] for row in rows] == pytest.approx(returns, nan_ok=True)
    assert isnan(rows[0]["return"])


def test_rewards_are_paid_for_what_was_replayed_and_fitted_before() -> None:
    seen = list[tuple[str, Transitions]]()

    class WatchedReward(EnvironmentReward):
        def fit(self, transitions: Transitions) -> Metrics:
            seen.append(("fit", transitions))
            return {"discriminator_loss": 1.5}

        def __call__(self, transitions: Transitions) -> torch.Tensor:
            seen.append(("paid", transitions))
            return super().__call__(transitions)

    _, training = train_on_fakes(WatchedReward())
    rows = list(training)
    assert [name for name, _ in seen] == ["fit", "paid"] * 15  # half an update for each of 30 steps
    for (_, fitted), (_, paid) in zip(seen[::2], seen[1::2], strict=True):
        assert fitted is paid
        assert (paid.next_observations == paid.observations + 1).all()  # which resets are not
        assert (paid.rewards == 1).all()
    assert rows[-1]["discriminator_loss"] == 1.5
    assert all(row["reward"] == 1 for row in rows[1:])


def test_the_normaliser_is_widened_by_what_the_first_steps_observe_and_then_stays() -> None:
    learner, training = train_on_fakes(first_steps=8)
    normalizer = learner.policy.normalizer
    assert learner.average.normalizer is normalizer
    normalizer.update(torch.full((10, 1), 5.0))
    next(training)  # five steps of each copy, of which the first four come before any update
    seen = torch.tensor([0.0, 0, 1, 1, 2, 2, 0, 3, 1, 0])  # the resets' observations, too
    expected = (seen.double().var(unbiased=False)).reshape(1)
    torch.testing.assert_close(normalizer.variance, expected)
    assert normalizer.mean == 5
    list(training)
    torch.testing.assert_close(normalizer.variance, expected)


def test_the_policy_moves_at_every_few_updates_and_its_loss_grows(monkeypatch: pytest.MonkeyPatch) -> None:
    moved, update = list[tuple[bool, float]](), SoftActorCritic.update

    def watched(self: SoftActorCritic, *arguments: Any, with_policy: bool, policy_weight: float) -> Metrics:
        moved.append((with_policy, policy_weight))
        return update(self, *arguments, with_policy=with_policy, policy_weight=policy_weight)

    monkeypatch.setattr(SoftActorCritic, "update", watched)
    list(train_on_fakes(policy_every=3, policy_warm_up=10)[1])
    assert moved == [(number % 3 == 0, min(1, number / 10)) for number in range(15)]


def test_each_update_has_the_learning_rate_of_its_step(monkeypatch: pytest.MonkeyPatch) -> None:
    rates, update = list[float](), SoftActorCritic.update

    def watched(self: SoftActorCritic, *arguments: Any, **keywords: Any) -> Metrics:
        (group,) = self._optimizer.param_groups
        rates.append(group["lr"])
        return update(self, *arguments, **keywords)

    monkeypatch.setattr(SoftActorCritic, "update", watched)
    list(train_on_fakes()[1])  # one update after each of the steps 5 to 19 of both copies
    assert rates == pytest.approx([0.01] * 11 + [0.008, 0.006, 0.004, 0.002])


class BrokenReward(EnvironmentReward):
    def __call__(self, transitions: Transitions) -> torch.Tensor:
        return torch.full_like(transitions.rewards, nan)


class BrokenFit(EnvironmentReward):
    def fit(self, transitions: Transitions) -> Metrics:
        return {"discriminator_loss": nan}


@pytest.mark.parametrize(("broken", "named"), [(BrokenReward(), "reward"), (BrokenFit(), "discriminator_loss")])
def test_what_goes_wrong_is_named_with_its_step(broken: EnvironmentReward, named: str, tmp_path: Path) -> None:
    checkpoint = Checkpoint(tmp_path / "training")
    _, training = train_on_fakes(broken, checkpoint, tmp_path / "replay")
    with pytest.raises(UserError, match=rf"^Discrete-v0: step 20: {named}: a NaN or an infinity arose"):
        list(training)
    assert len(checkpoint.metrics) == 1


def test_a_run_that_ended_leaves_no_replay_buffer_and_goes_on_from_its_end(tmp_path: Path) -> None:
    path, folder = tmp_path / "training", tmp_path / "replay"
    learner, training = train_on_fakes(checkpoint=Checkpoint(path), folder=folder)
    next(training)
    assert folder.exists()
    rows = list(training)
    assert len(rows) == 3
    assert not folder.exists()
    ended, training = train_on_fakes(checkpoint=Checkpoint(path), folder=folder)
    assert list(training) == []
    assert not folder.exists()
    for pair in zip(learner.average.parameters(), ended.average.parameters(), strict=True):
        assert torch.equal(*pair)


def test_learning_raises_the_probability_of_the_rewarded_action() -> None:
    class ActionReward(EnvironmentReward):
        def __call__(self, transitions: Transitions) -> torch.Tensor:
            return (transitions.actions == 2).float()

    learner, training = train_on_fakes(ActionReward(), env_steps=310, updates_per_step=1.0, batch_size=64)
    list(training)
    probabilities = learner.average.distribution(torch.tensor([[0.0], [1.0]])).probs  # type: ignore[attr-defined]
    assert float(probabilities[:, 2].min().detach()) > 0.8
