"""DAC: from demonstrations to a directory of policies."""

import math
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch

from gailpipe.algorithms.dac.learner import cloning_error, learn_dac, start_dac
from gailpipe.algorithms.dac.settings import Dac
from gailpipe.demonstrations.demonstrations import Demonstrations
from gailpipe.envs.environment import find_environment
from gailpipe.foundation.errors import UserError
from gailpipe.foundation.params import load_section
from gailpipe.foundation.tables import write_table
from gailpipe.policies.policy_file import load_policy
from gailpipe.policies.squashed import SquashedPolicy, make_actor
from gailpipe.rewards.learned import load_reward
from gailpipe.rl.off_policy.loop import train
from gailpipe.training.checkpoint import Checkpoint
from tests.algorithms.test_any_environment import SPACES, demonstrations, follow, mean_return
from tests.environments import continuous_environment, discrete_environment, generator, in_gymnasium
from tests.training.test_rollout import FakeVectorEnv
from tests.workspace import ROOT

TINY = ["env_steps=120", "num_envs=4", "first_steps=40", "updates_per_step=0.25", "batch_size=16", "hidden_sizes=[8]"]
RUN = [*TINY, "cloning_steps=20", "trajs=2", "seeds=1", "discriminator.hidden_sizes=[8]"]


def settings(*assignments: str) -> Dac:
    return load_section(ROOT / "params.yaml", Dac, "dac", assignments=[*RUN, *assignments])


def demonstrate(path: Path, *, with_next: bool) -> Path:
    """Write two trajectories of somebody who balances a pole for four steps, or says so."""
    rng, nothing = np.random.default_rng(0), [None] * 8
    observations = rng.normal(size=(10, 4)).astype(np.float32)
    following = [*observations[1:5], *observations[6:10]] if with_next else nothing
    table = {
        "trajectory": [0] * 4 + [1] * 4,
        "observation": pl.Series([*observations[:4], *observations[5:9]], dtype=pl.Array(pl.Float32, 4)),
        "next_observation": pl.Series(following, dtype=pl.Array(pl.Float32, 4)),
        "action": rng.integers(2, size=8),
        "trajectory_length": [4] * 8,
    }
    write_table(pl.DataFrame(table), path)
    return path


@pytest.mark.parametrize(
    ("assignments", "judged"),
    [
        ([], "observations and actions"),
        (["observations_only=true"], "observations and next observations"),
        (["discriminator.form=shaped"], "observations and actions"),
        (["discriminator.form=shaped", "observations_only=true"], "observations"),
    ],
)
def test_a_run_leaves_a_policy_a_reward_and_its_curves(
    assignments: list[str], judged: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path, out = demonstrate(tmp_path / "d.parquet", with_next=True), tmp_path / "dac"
    learn_dac(find_environment("CartPole-v1"), path, settings(*assignments), 0, out)
    assert sorted(file.name for file in out.iterdir()) == [
        "learning.parquet",
        "seed-0-reward.safetensors",
        "seed-0.safetensors",
    ]
    assert load_policy(out / "seed-0.safetensors", "CartPole-v1")([0.1, 0.2, 0.3, 0.4]) in (0, 1)
    assert load_reward(out / "seed-0-reward.safetensors", "CartPole-v1").judged.value == judged
    curves = pl.read_parquet(out / "learning.parquet")
    assert curves["env_steps"].to_list() == [120]
    assert {"return", "length", "reward", "expert_accuracy", "critic_loss", "entropy"} < set(curves.columns)
    assert ("cloning_loss" in curves.columns) == ("observations_only=true" not in assignments)
    assert not [*tmp_path.glob(".scratch/**/replay")]


@pytest.mark.parametrize("assignment", ["observations_only=true", "discriminator.form=shaped"])
def test_what_judges_next_observations_refuses_demonstrations_without_them(
    assignment: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = demonstrate(tmp_path / "d.parquet", with_next=False)
    key = assignment.split("=")[0]
    sentence = f"^{path}: does not tell what was observed after any pair, which dac.{key} asks for; give it next_obs"
    with pytest.raises(UserError, match=sentence):
        learn_dac(find_environment("CartPole-v1"), path, settings(assignment), 0, tmp_path / "dac")
    assert not (tmp_path / "dac").exists()


@pytest.mark.parametrize("name", SPACES)
def test_dac_learns_from_actions_of_every_kind(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    environment = follow(name)
    learn_dac(environment, demonstrations(tmp_path / "d.parquet", environment), settings(), 0, tmp_path / "dac")
    policy: Any = load_policy(tmp_path / "dac" / "seed-0.safetensors")
    assert all(parameter.isfinite().all() for parameter in policy.parameters())
    assert np.isfinite(mean_return(environment, policy))


def test_the_policy_comes_to_choose_what_was_demonstrated() -> None:
    """The reward alone says so: nothing is cloned."""
    learning = ["env_steps=1600", "updates_per_step=0.3", "learning_rate=0.003", "discriminator.learning_rate=0.003"]
    own = settings(
        *learning,
        "cloning_weight=0",
        "cloning_steps=0",
        "num_envs=2",
        "average_rate=0.1",
        "discount=0.5",
        "batch_size=64",
    )
    own = own.model_copy(update={"episodes_end_on_success": False})
    chance, environment = generator(), FakeVectorEnv.environment
    expert = Demonstrations(torch.tensor([[0.0], [1.0], [2.0]]).repeat(5, 1), torch.full((15,), 3))
    learner, reward = start_dac(environment, expert, own, chance)
    vector_env: Any = FakeVectorEnv
    list(train(learner, lambda _: vector_env(), reward, own, torch.float32, chance, Checkpoint(), None))
    probabilities = learner.average.distribution(torch.tensor([[0.0], [1.0], [2.0]])).probs  # type: ignore[attr-defined]
    assert float(probabilities[:, 3].min().detach()) > 0.6  # of four actions


def test_the_error_of_a_clone_is_squared_or_minus_the_log_likelihood() -> None:
    policy = make_actor(continuous_environment(), [8], generator())
    actions = torch.tensor([[0.5, 6.0]])
    observations = torch.randn(1, 3, generator=generator())
    error = cloning_error(policy, Demonstrations(observations, actions), 16, generator())
    mode = policy.encode_actions(policy.mode(observations)).flatten().tolist()
    assert float(error.detach()) == pytest.approx(((mode[0] - 0.5) ** 2 + (mode[1] - 1) ** 2) / 2, rel=1e-5)
    policy = make_actor(discrete_environment(), [8], generator())
    error = cloning_error(policy, Demonstrations(observations, torch.tensor([2])), 16, generator())
    expected = -float(policy.distribution(observations).log_prob(torch.tensor([2])).detach())
    assert float(error.detach()) == pytest.approx(expected)


def expert_of(observations: torch.Tensor) -> Demonstrations:
    return Demonstrations(observations, torch.linspace(0, 8, 100).view(50, 2), observations + 1)


def test_a_policy_starts_as_a_clone_with_the_noise_that_it_shall_keep() -> None:
    environment, observations = in_gymnasium(continuous_environment()), torch.randn(50, 3, generator=generator())
    learning = ["episodes_end_on_success=false", "hidden_sizes=[64]", "learning_rate=0.01"]
    expert = Demonstrations(observations, 4 + 2 * observations[:, :2].tanh(), observations + 1)

    def start(cloning_steps: int) -> SquashedPolicy:
        own = settings(*learning, f"cloning_steps={cloning_steps}")
        policy = start_dac(environment, expert, own, generator())[0].policy
        assert isinstance(policy, SquashedPolicy)
        return policy

    random, cloned = (start(steps) for steps in (0, 500))
    errors = [float(cloning_error(one, expert, 256, generator()).detach()) for one in (random, cloned)]
    assert errors[1] < 0.01 < 0.1 < errors[0]
    stds = [one._moments(observations)[1].mean() for one in (random, cloned)]
    assert float(stds[0].detach()) == pytest.approx(1, rel=0.1)
    assert float(stds[1].detach()) == pytest.approx(math.exp(-1) / math.sqrt(2 * math.pi * math.e), rel=0.5)


def test_a_learners_loss_has_the_weighed_error_of_a_clone() -> None:
    environment, expert = in_gymnasium(continuous_environment()), expert_of(torch.randn(50, 3, generator=generator()))
    losses = []
    for weight in (1, 3):
        own = settings("episodes_end_on_success=false", f"cloning_weight={weight}")
        learner, _ = start_dac(environment, expert, own, generator())
        assert learner._cloning_loss is not None
        losses.append(float(learner._cloning_loss().detach()))
    assert losses[1] == pytest.approx(3 * losses[0])


def test_a_run_starts_in_the_demonstrations_units_and_clones_only_known_actions() -> None:
    environment = in_gymnasium(continuous_environment(low=(-np.inf, -1.0), high=(np.inf, 1.0)))
    observations = 5 + 3 * torch.randn(50, 3, generator=generator())
    expert = expert_of(observations)
    made = partial(start_dac, environment, expert, generator=generator())
    learner, _ = made(settings("episodes_end_on_success=false"))
    assert isinstance(learner.policy, SquashedPolicy)
    torch.testing.assert_close(learner.policy.normalizer.mean, observations.double().mean(0))
    torch.testing.assert_close(learner.policy.encoder.center, torch.tensor([expert.actions[:, 0].mean(), 0.0]))
    assert torch.equal(learner.average.normalizer.mean, learner.policy.normalizer.mean)
    assert learner._cloning_loss is not None
    for without in ("cloning_weight=0", "observations_only=true"):
        assert made(settings("episodes_end_on_success=false", without))[0]._cloning_loss is None
