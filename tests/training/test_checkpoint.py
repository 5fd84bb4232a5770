"""Checkpoints, and numbers that go wrong."""

from math import inf, nan
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from gailpipe.algorithms.bc.cloning import clone
from gailpipe.demonstrations.demonstrations import Demonstrations
from gailpipe.envs.vector_env import Step
from gailpipe.foundation.errors import UserError
from gailpipe.policies.policy import make_policy
from gailpipe.rewards.reward_function import EnvironmentReward
from gailpipe.rl.on_policy.loop import train
from gailpipe.training.checkpoint import Checkpoint
from gailpipe.training.transitions import Transitions
from tests.algorithms.test_bc import CLONING
from tests.environments import continuous_environment
from tests.rl.on_policy.test_loop import settings
from tests.training.test_rollout import FakeVectorEnv


def parts(seed: int) -> tuple[nn.Linear, torch.optim.Optimizer, torch.Generator]:
    generator = torch.Generator().manual_seed(seed)
    module = nn.Linear(3, 2)
    nn.init.normal_(module.weight, generator=generator)
    return module, torch.optim.Adam(module.parameters(), 0.1), generator


def step(module: nn.Linear, optimizer: torch.optim.Optimizer, generator: torch.Generator) -> None:
    optimizer.zero_grad()
    module(torch.randn(5, 3, generator=generator)).square().mean().backward()
    optimizer.step()


def named(things: tuple[nn.Linear, torch.optim.Optimizer, torch.Generator]) -> dict[str, Any]:
    return dict(zip(("module", "optimizer", "generator"), things, strict=True))


def test_a_restored_run_takes_the_very_same_steps(tmp_path: Path) -> None:
    first = parts(seed=0)
    for _ in range(3):
        step(*first)
    checkpoint = Checkpoint(tmp_path / "checkpoint")
    checkpoint.metrics.append({"steps": 3, "return": nan, "loss": 0.1 + 0.2})
    checkpoint.save(named(first))
    second, restored = parts(seed=1), Checkpoint(tmp_path / "checkpoint")
    restored.restore(named(second))
    assert repr(restored.metrics) == repr(checkpoint.metrics)
    for _ in range(3):
        step(*first)
        step(*second)
    assert torch.equal(first[0].weight, second[0].weight)
    assert torch.equal(first[2].get_state(), second[2].get_state())


def test_without_a_checkpoint_nothing_is_restored_and_without_a_path_nothing_kept(tmp_path: Path) -> None:
    things = parts(seed=0)
    before = things[0].weight.clone()
    for checkpoint in (Checkpoint(tmp_path / "none"), Checkpoint()):
        checkpoint.restore(named(things))
        assert torch.equal(things[0].weight, before)
    Checkpoint().save(named(things))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("cost", "wait"), [(0.2, 20.0), (5.0, 30.0)])
def test_offers_are_taken_when_saving_takes_its_share_of_time_or_half_a_minute_could_be_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cost: float, wait: float
) -> None:
    clock = iter((0.0, 1.0, wait - 0.1, wait, wait, wait + cost))
    monkeypatch.setattr("gailpipe.training.checkpoint.time.monotonic", lambda: next(clock))
    checkpoint, things = Checkpoint(tmp_path / "checkpoint"), named(parts(seed=0))
    checkpoint._cost = cost
    written = []
    for _ in range(3):
        checkpoint.offer(things)
        written.append((tmp_path / "checkpoint").exists())
    assert written == [False, False, True]


@pytest.mark.parametrize("damage", ["truncated", "altered", "empty"])
def test_a_damaged_checkpoint_is_named(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "checkpoint"
    Checkpoint(path).save(named(parts(seed=0)))
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(bytes({"truncated": content[:-9], "altered": content, "empty": b""}[damage]))
    with pytest.raises(UserError, match=rf"^{path}: is a damaged checkpoint; remove it"):
        Checkpoint(path)


class BrokenVectorEnv(FakeVectorEnv):
    """Give a NaN or an infinity in the observations or rewards of a late step."""

    def __init__(self, quantity: str, value: float) -> None:
        super().__init__()
        self._quantity, self._value, self._steps = quantity, value, 0

    def step(self, actions: Any) -> Step:
        self._steps += 1
        result = super().step(actions)
        if self._steps == 2500:
            broken = getattr(result, self._quantity).copy()
            broken.reshape(-1)[0] = self._value
            return result._replace(**{self._quantity: broken})
        return result


class BrokenReward(EnvironmentReward):
    def __call__(self, transitions: Transitions) -> torch.Tensor:
        return torch.full_like(transitions.rewards, nan)


class BrokenFit(EnvironmentReward):
    def fit(self, transitions: Transitions) -> dict[str, float]:
        return {"discriminator_loss": inf}


class BrokenPart(EnvironmentReward):
    def parts(self) -> dict[str, Any]:
        part = nn.Linear(1, 1)
        nn.init.constant_(part.bias, nan)
        return {"discriminator": part}


@pytest.mark.parametrize("value", [nan, inf])
@pytest.mark.parametrize(
    ("quantity", "named"), [("observations", "observations"), ("rewards", "the environment's rewards")]
)
def test_a_vector_env_that_goes_wrong_stops_the_run_and_the_last_checkpoint_stays(
    tmp_path: Path, quantity: str, value: float, named: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gailpipe.training.checkpoint.SHARE_OF_TIME", inf)
    generator = torch.Generator().manual_seed(0)
    policy = make_policy(FakeVectorEnv.environment, [4], 0, generator)
    vector_env: Any = BrokenVectorEnv(quantity, value)
    checkpoint = Checkpoint(tmp_path / "checkpoint")
    training = train(policy, lambda _: vector_env, EnvironmentReward(), settings(10_000, 200), generator, checkpoint)
    message = rf"^Discrete-v0: iteration 12: {named}: a NaN or an infinity arose"
    with pytest.raises(UserError, match=message):
        list(training)
    assert len(Checkpoint(tmp_path / "checkpoint").metrics) == 12


@pytest.mark.parametrize(
    ("reward_function", "named"),
    [
        (BrokenReward(), "rewards"),
        (BrokenFit(), "discriminator_loss"),
        (BrokenPart(), "discriminator's bias"),
    ],
)
def test_a_learner_that_goes_wrong_stops_the_run(reward_function: EnvironmentReward, named: str) -> None:
    generator = torch.Generator().manual_seed(0)
    policy = make_policy(FakeVectorEnv.environment, [4], 0, generator)
    vector_env: Any = FakeVectorEnv
    training = train(policy, lambda _: vector_env(), reward_function, settings(40, 10), generator, Checkpoint())
    with pytest.raises(UserError, match=rf"^Discrete-v0: iteration 0: {named}: a NaN or an infinity arose"):
        list(training)


def test_a_policy_step_without_a_finite_direction_stops_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "gailpipe.rl.on_policy.trust_region.conjugate_gradient", lambda product, target, steps: (target * nan, target)
    )
    test_a_learner_that_goes_wrong_stops_the_run(EnvironmentReward(), "kl")


def test_cloning_that_goes_wrong_stops_at_the_next_validation() -> None:
    generator = torch.Generator().manual_seed(0)
    policy = make_policy(continuous_environment(), [4], 0.0, generator)
    unknown = Demonstrations(torch.zeros(20, 3), torch.full((20, 2), nan))
    cloning = CLONING.model_copy(update={"steps": 60, "learning_rate": 0.01, "batch_size": 8, "validate_every": 10})
    with pytest.raises(UserError, match=r"^Continuous-v0: step 10 of cloning: loss: a NaN or an infinity arose"):
        list(clone(policy, unknown, cloning, generator, Checkpoint()))
