"""Which policies are judged, how they act, and from where."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray

from gailpipe.envs.environment import Environment, find_environment
from gailpipe.envs.episodes import Episode, play_episodes
from gailpipe.evaluation import candidates
from gailpipe.evaluation.candidates import (
    Candidate,
    evaluate_learners,
    find_actor,
    find_candidates,
    write_references,
)
from gailpipe.foundation.errors import UserError
from gailpipe.foundation.files import write_file
from gailpipe.policies.policy import make_policy
from gailpipe.policies.policy_file import policy_bytes
from tests.environments import generator

HOPPER = find_environment("Hopper-v5")
OBSERVATIONS = np.random.default_rng(0).normal(size=(3, HOPPER.observation_dim)).astype(np.float32)


@pytest.fixture
def policy_file(tmp_path: Path) -> Path:
    path = tmp_path / "learned" / "seed-0.safetensors"
    path.parent.mkdir()
    write_file(path, policy_bytes(make_policy(HOPPER, [8], -1.0, generator())))
    return path


def test_candidates_are_every_seed_in_both_modes_and_nothing_beside_them(tmp_path: Path) -> None:
    for name in ("seed-0", "seed-10", "seed-2", "seed-0-discriminator", "seed-0-critic2"):
        (tmp_path / f"{name}.safetensors").touch()
    modes = ("deterministic", "stochastic")
    assert find_candidates("gail", tmp_path) == [
        Candidate("gail", seed, mode, tmp_path / f"seed-{seed}.safetensors") for seed in (0, 2, 10) for mode in modes
    ]


def test_a_directory_without_policies_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=f"{tmp_path}: holds no policies"):
        find_candidates("bc", tmp_path)


def test_a_deterministic_candidate_acts_by_its_mode_and_a_stochastic_one_by_samples_of_its_seed(
    policy_file: Path,
) -> None:
    def act(mode: str, noise: int, file: Path | None = policy_file) -> list[NDArray]:
        actor = find_actor(Candidate("learned", 0, mode, file), HOPPER, noise)
        return [actor(OBSERVATIONS) for _ in range(2)]

    mode = make_policy(HOPPER, [8], -1.0, generator())(OBSERVATIONS)
    for actions in act("deterministic", noise=1):
        np.testing.assert_array_equal(actions, mode)
    for file in (policy_file, None):
        first, second = act("stochastic", noise=1, file=file)
        assert not np.isclose(first, second).any()
        np.testing.assert_array_equal([first, second], act("stochastic", noise=1, file=file))
        assert not np.isclose(first, act("stochastic", noise=2, file=file)[0]).any()
    noise = [
        find_actor(Candidate("learned", 0, "stochastic", policy_file), HOPPER, n)(OBSERVATIONS) for n in range(300)
    ]
    np.testing.assert_allclose(np.mean(noise, axis=0), mode, atol=0.1)


def test_all_candidates_start_from_the_same_states_with_noise_of_their_own(
    policy_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    played = []

    def spy(environment: Environment, act: Callable[[NDArray], NDArray], seeds: list[int]) -> list[Episode]:
        played.append((seeds, act(OBSERVATIONS)))
        return play_episodes(environment, act, seeds)

    monkeypatch.setattr(candidates, "play_episodes", spy)
    monkeypatch.setattr(candidates, "side_by_side", map)
    write_file(policy_file.with_name("seed-1.safetensors"), policy_file.read_bytes())
    write_references(HOPPER, policy_file, 3, 5, tmp_path / "references.parquet")
    evaluate_learners(HOPPER, {"learned": policy_file.parent}, 3, 5, tmp_path / "returns.parquet")
    starts = [seeds for seeds, _ in played]
    assert starts == [starts[0]] * 7
    assert len(set(starts[0])) == 3
    _, mode, noise, *of_learners = (actions for _, actions in played)
    assert [bool((actions == mode).all()) for actions in of_learners] == [True, False, True, False]
    assert len({actions.tobytes() for actions in (noise, of_learners[1], of_learners[3])}) == 3
    references, learned = (pl.read_parquet(tmp_path / f"{name}.parquet") for name in ("references", "returns"))
    returns = pl.concat([references, learned]).filter(mode="deterministic")["return"].to_list()
    assert returns == 3 * returns[:3]


def test_without_an_expert_the_random_policy_is_the_only_reference(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(candidates, "side_by_side", map)
    write_references(HOPPER, None, 2, 5, tmp_path / "references.parquet")
    found = pl.read_parquet(tmp_path / "references.parquet")
    assert found.select("policy", "seed", "mode", "episode").rows() == [
        ("random", None, "stochastic", episode) for episode in range(2)
    ]
