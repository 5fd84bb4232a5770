import subprocess
import sys
from pathlib import Path

import gymnasium
import numpy as np
import polars as pl
import pytest
from gymnasium.spaces import Box, Dict, Discrete, MultiBinary, MultiDiscrete, Tuple
from minari import MinariDataset, get_normalized_score, load_dataset
from polars.testing import assert_frame_equal

from gailpipe.demonstrations.sampling import sample_demonstrations
from gailpipe.demonstrations.settings import Sample
from gailpipe.envs.environment import Environment, find_environment
from gailpipe.envs.settings import EnvSettings
from gailpipe.export.__main__ import reference_scores
from gailpipe.export.minari import export_episodes, in_parts
from gailpipe.export.trajectories import load_trajectories
from gailpipe.foundation.errors import UserError
from gailpipe.foundation.files import write_file
from gailpipe.foundation.tables import write_table
from gailpipe.policies.policy import make_policy
from gailpipe.policies.policy_file import policy_bytes
from gailpipe.recordings.arrays import flatten_observations
from gailpipe.recordings.importing import import_recording
from tests.environments import generator
from tests.recordings import recorded
from tests.workspace import ROOT

SCORES = {"ref_min_score": 1.0, "ref_max_score": 21.0}


@pytest.fixture
def environment() -> Environment:
    return find_environment("CartPole-v1")


@pytest.fixture
def expert(tmp_path: Path, environment: Environment) -> Path:
    path = tmp_path / "policy.safetensors"
    write_file(path, policy_bytes(make_policy(environment, [8], 0.0, generator())))
    return path


def sampled(environment: Environment, expert: Path, every: int) -> Path:
    out = expert.parent / f"every-{every}.parquet"
    sample_demonstrations(environment, expert, Sample(trajs=3, every=every), 0, out)
    return out


def test_what_is_exported_is_imported_again_and_read_by_minari(environment: Environment, expert: Path) -> None:
    demonstrations, out = sampled(environment, expert, every=1), expert.parent / "exported"
    episodes = load_trajectories(environment, demonstrations, expert, seed=0)
    export_episodes(environment, episodes, SCORES, "gailpipe/cartpole/expert-v0", out)
    dataset = MinariDataset(out / "data")
    assert (dataset.id, dataset.total_episodes) == ("gailpipe/cartpole/expert-v0", 3)
    assert dataset.total_steps == pl.read_parquet(demonstrations).height
    assert get_normalized_score(dataset, np.array([1.0, 11.0, 21.0])).tolist() == [0, 0.5, 1]
    assert dataset.recover_environment().spec.max_episode_steps == 500
    import_recording(str(out), environment, False, out.parent / "again.parquet")
    assert_frame_equal(pl.read_parquet(out.parent / "again.parquet"), pl.read_parquet(demonstrations))


def test_an_exported_environment_is_the_one_before_its_observations_were_flattened(tmp_path: Path) -> None:
    environment = find_environment("Blackjack-v1", EnvSettings(max_episode_steps=9))
    path = tmp_path / "policy.safetensors"
    write_file(path, policy_bytes(make_policy(environment, [8], 0.0, generator())))
    demonstrations, out = sampled(environment, path, every=1), tmp_path / "exported"
    export_episodes(environment, load_trajectories(environment, demonstrations, path, 0), {}, "blackjack-v0", out)
    recovered = MinariDataset(out / "data").recover_environment()
    assert recovered.observation_space == environment.observation_space
    assert recovered.spec is not None
    assert recovered.spec.max_episode_steps == 9
    import_recording(str(out), environment, False, tmp_path / "again.parquet")
    assert_frame_equal(pl.read_parquet(tmp_path / "again.parquet"), pl.read_parquet(demonstrations))


def test_minari_finds_what_is_exported_into_its_folder(
    environment: Environment, expert: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    episodes = load_trajectories(environment, sampled(environment, expert, every=1), expert, seed=0)
    monkeypatch.setenv("MINARI_DATASETS_PATH", str(expert.parent / "datasets"))
    export_episodes(environment, episodes, {}, "mine-v1", expert.parent / "datasets" / "mine-v1")
    assert load_dataset("mine-v1").total_episodes == 3


def test_an_expert_plays_subsampled_episodes_again(environment: Environment, expert: Path, tmp_path: Path) -> None:
    whole = load_trajectories(environment, sampled(environment, expert, every=1), tmp_path / "none", seed=0)
    again = load_trajectories(environment, sampled(environment, expert, every=4), expert, seed=0)
    for one, other in zip(whole, again, strict=True):
        np.testing.assert_array_equal(one.observations, other.observations)
        np.testing.assert_array_equal(one.actions, other.actions)
        np.testing.assert_array_equal(one.rewards, other.rewards)
        assert (one.terminated, one.truncated) == (other.terminated, other.truncated)


def test_subsampled_episodes_are_refused_if_nothing_plays_them_again(
    environment: Environment, expert: Path, tmp_path: Path
) -> None:
    demonstrations = sampled(environment, expert, every=4)
    with pytest.raises(UserError, match="lacks steps of its trajectories, so that they can't be exported; there is no"):
        load_trajectories(environment, demonstrations, tmp_path / "none", seed=0)
    with pytest.raises(UserError, match="plays other episodes with this seed or on this machine; run `dvc repro"):
        load_trajectories(environment, demonstrations, expert, seed=1)


def test_what_minari_needs_is_known(tmp_path: Path) -> None:
    env, path = recorded.environment(), tmp_path / "d.parquet"
    for name, message in (
        ("reward", "reward: is not known in trajectory 0, but Minari needs all rewards"),
        ("next_observation", "next_observation: is not known after the last step of trajectory 0"),
    ):
        write_table(
            recorded.expected(env).with_columns(pl.lit(None, recorded.expected(env)[name].dtype).alias(name)), path
        )
        with pytest.raises(UserError, match=message):
            load_trajectories(env, path, tmp_path / "none", seed=0)


def test_an_export_is_whole_or_is_not(environment: Environment, expert: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    episodes = load_trajectories(environment, sampled(environment, expert, every=1), expert, seed=0)
    out, before = expert.parent / "exported", sorted(expert.parent.iterdir())
    with pytest.raises(UserError, match="--id nonsense: must be NAMESPACE/NAME-vVERSION"):
        export_episodes(environment, episodes, {}, "nonsense", out)
    monkeypatch.setattr("minari.dataset._storages.hdf5_storage.HDF5Storage.update_episodes", interrupt)
    with pytest.raises(KeyboardInterrupt):
        export_episodes(environment, episodes, {}, "mine-v0", out)
    assert sorted(expert.parent.iterdir()) == before
    monkeypatch.undo()
    out.mkdir()
    (out / "mine.txt").write_text("mine")
    with pytest.raises(UserError, match="exists already; remove it, or write elsewhere"):
        export_episodes(environment, episodes, {}, "mine-v0", out)
    assert [path.name for path in out.iterdir()] == ["mine.txt"]


def interrupt(*_: object) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    "space",
    [
        Box(-1, 1, (2, 3), np.float64),
        Discrete(4, start=-1),
        MultiDiscrete([2, 3]),
        MultiBinary(3),
        Dict({"b": Discrete(3), "a": Tuple([Box(-1, 1, (2,)), MultiDiscrete([4, 2])])}),
    ],
    ids=lambda space: type(space).__name__,
)
def test_vectors_become_parts_and_parts_vectors(space: gymnasium.Space) -> None:
    space.seed(0)
    flat = np.stack([np.asarray(gymnasium.spaces.flatten(space, space.sample())) for _ in range(10)])
    again = flatten_observations(Path(), recorded.environment(space=space), in_parts(space, flat))
    np.testing.assert_array_equal(again, flat)


def test_scores_are_means_of_what_is_known(tmp_path: Path) -> None:
    table, references = recorded.expected(recorded.environment()), tmp_path / "references.parquet"
    write_table(table, tmp_path / "d.parquet")
    assert reference_scores(tmp_path / "d.parquet", references) == {"ref_max_score": 2}
    rows = [("random", "stochastic", 1.0), ("random", "stochastic", 0.0), ("expert", "stochastic", 9.0)]
    rows += [("expert", "deterministic", 10.0)]
    write_table(pl.DataFrame(rows, ["policy", "mode", "return"], orient="row"), references)
    assert reference_scores(tmp_path / "d.parquet", references) == {"ref_max_score": 2, "ref_min_score": 0.5}
    write_table(table.with_columns(trajectory_return=pl.lit(None, pl.Float64)), tmp_path / "d.parquet")
    assert reference_scores(tmp_path / "d.parquet", references) == {"ref_max_score": 9, "ref_min_score": 0.5}


def test_the_command_exports(environment: Environment, expert: Path) -> None:
    demonstrations, out = sampled(environment, expert, every=4), expert.parent / "exported"
    command = [sys.executable, "-m", "gailpipe.export", "CartPole-v1", str(out), "--expert", str(expert)]
    command += ["--demonstrations", str(demonstrations)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert f"{out}: gailpipe/cartpole/expert-v0, 3 episodes" in done.stderr
    assert MinariDataset(out / "data").storage.metadata["ref_max_score"] > 0
