"""The same seed gives the same bytes, on however many threads, and however often a run is interrupted."""

from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from math import inf
from pathlib import Path

import pytest
import torch

from gailpipe.algorithms.bc.cloning import clone
from gailpipe.algorithms.bc.settings import Cloning
from gailpipe.algorithms.expert.rnd import RndReward
from gailpipe.algorithms.gail.learner import initialize
from gailpipe.algorithms.gail.reward import GailReward
from gailpipe.algorithms.gail.settings import Gail
from gailpipe.algorithms.linear.reward import LinearReward, fem_weights, gtal_weights
from gailpipe.demonstrations.demonstrations import Demonstrations
from gailpipe.envs.environment import find_environment
from gailpipe.envs.vector_env import VectorEnv
from gailpipe.foundation.params import load_section
from gailpipe.policies.policy import Policy, make_policy
from gailpipe.policies.policy_file import policy_bytes
from gailpipe.rewards.reward_function import RewardFunction
from gailpipe.rl.on_policy.loop import train
from gailpipe.training.checkpoint import Checkpoint, Metrics
from tests.environments import continuous_environment
from tests.workspace import ROOT

ITERATIONS = 7
CLONING = Cloning(
    steps=60,
    learning_rate=0.01,
    weight_decay=0.1,
    dropout=0.2,
    batch_size=8,
    validation_fraction=0.3,
    validate_every=10,
)


def start_training(
    name: str,
    seed: int,
    num_threads: int = 1,
    checkpoint: Path | None = None,
    cloning: Path | None = None,
    algorithm: str = "gail",
) -> tuple[Callable[[], list[bytes]], Iterator[Metrics]]:
    """Return what tells the files so far, and a training, which goes on from the checkpoint if there is one."""
    settings = load_section(ROOT / "params.yaml", Gail, "gail", "Hopper-v5").model_copy(
        update={
            "num_envs": 2,
            "num_steps": 500,
            "env_steps": ITERATIONS * 1000,
            "cloning": CLONING,
            "episodes_end_on_success": False,
        }
    )
    environment, generator = find_environment(name), torch.Generator().manual_seed(seed)
    policy = make_policy(environment, settings.hidden_sizes, -0.5, generator)
    observations = torch.randn(64, environment.observation_dim, generator=generator)
    demonstrations = Demonstrations(observations, policy.sample(observations, generator).detach())
    initialize(policy, demonstrations, settings, generator, Checkpoint(cloning))
    files: Callable[[], dict[str, bytes]] = dict
    reward: RewardFunction
    match algorithm:
        case "gail":
            reward = gail = GailReward(policy, demonstrations, settings, generator)
            files = gail.files
        case "novelty":
            reward = RndReward(policy, 10.0, generator)
        case "fem":
            reward = LinearReward(policy, demonstrations, False, fem_weights)
        case _:
            reward = LinearReward(policy, demonstrations, True, gtal_weights)

    def make_vector_env(iteration: int) -> VectorEnv:
        return VectorEnv(environment, settings.num_envs, seed + iteration, num_threads)

    training = train(policy, make_vector_env, reward, settings, generator, Checkpoint(checkpoint))
    return lambda: [policy_bytes(policy), *files().values()], training


def gail_files(name: str, seed: int, num_threads: int = 1) -> list[bytes]:
    files, training = start_training(name, seed, num_threads)
    assert len(list(training)) == ITERATIONS
    return files()


@pytest.mark.parametrize("name", ["Hopper-v5", "CartPole-v1"])
def test_twice_in_a_row_and_whatever_the_number_of_threads(name: str) -> None:
    once, threaded, other = (gail_files(name, seed, num_threads) for num_threads, seed in ((1, 3), (2, 3), (1, 4)))
    assert once == threaded
    assert once != other


@pytest.fixture
def _checkpoints_and_starts_are_frequent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gailpipe.training.checkpoint.SHARE_OF_TIME", inf)
    monkeypatch.setattr("gailpipe.training.rollout.EPISODES_A_START", 1)
    monkeypatch.setattr("gailpipe.training.rollout.LEAST_STEPS_A_START", 1000)


@pytest.mark.usefixtures("_checkpoints_and_starts_are_frequent")
@pytest.mark.parametrize(
    ("algorithm", "name"),
    [
        ("gail", "Hopper-v5"),
        ("gail", "Pendulum-v1"),
        ("fem", "Hopper-v5"),
        ("gtal", "CartPole-v1"),
        ("novelty", "CartPole-v1"),
    ],
)
def test_an_interrupted_run_ends_as_if_nothing_had_happened(algorithm: str, name: str, tmp_path: Path) -> None:
    start = partial(start_training, name, 3, algorithm=algorithm)
    whole, training = start()
    figures = list(training)
    path, cloning = tmp_path / "training", tmp_path / "cloning"
    resume = partial(start, checkpoint=path, cloning=cloning)
    for iterations in (1, 2, 2):  # vector_env start anew after every second
        assert len(list(islice(resume()[1], iterations))) == iterations
    resumed, training = resume()
    assert len(list(training)) == ITERATIONS - 5
    assert resumed() == whole()
    assert repr(Checkpoint(path).metrics) == repr(figures)
    finished, training = resume()
    assert list(training) == []
    assert finished() == whole()


@pytest.mark.usefixtures("_checkpoints_and_starts_are_frequent")
def test_an_interrupted_cloning_ends_as_if_nothing_had_happened(tmp_path: Path) -> None:

    def start(path: Path | None) -> tuple[Policy, Iterator[Metrics]]:
        generator = torch.Generator().manual_seed(0)
        policy = make_policy(continuous_environment(), [8], 0.0, generator)
        noise = torch.randn(20, 2, generator=generator)
        noisy = Demonstrations(torch.randn(20, 3, generator=generator), noise)
        return policy, clone(policy, noisy, CLONING, generator, Checkpoint(path))

    whole, training = start(None)
    list(training)
    path = tmp_path / "cloning"
    list(islice(start(path)[1], 4))
    resumed, training = start(path)
    assert [row["step"] for row in training] == [50, 60]
    assert policy_bytes(resumed) == policy_bytes(whole)
