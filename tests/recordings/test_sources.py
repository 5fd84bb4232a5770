import json
from pathlib import Path

import gymnasium
import numpy as np
import polars as pl
import pytest
from gymnasium.spaces import Box, Dict, Discrete, MultiBinary, MultiDiscrete, Tuple
from polars.testing import assert_frame_equal

from gailpipe.demonstrations.demonstrations import load_demonstrations
from gailpipe.envs.environment import Environment
from gailpipe.envs.spaces import Actions, ContinuousActions
from gailpipe.foundation.errors import UserError
from gailpipe.recordings.arrays import flatten_observations
from gailpipe.recordings.importing import import_recording
from gailpipe.recordings.read import recognise
from tests.recordings import recorded
from tests.recordings.recorded import PUSH, TURN, WRITERS, environment, expected, in_parts

FORMATS = [(name, actions) for name in WRITERS for actions in (TURN, PUSH) if (name, actions) != ("imitation", PUSH)]


def imported(recording: Path | str, env: Environment, tmp_path: Path, clip: bool = False) -> pl.DataFrame:
    out = tmp_path / "out" / "demonstrations.parquet"
    import_recording(str(recording), env, clip, out)
    load_demonstrations(out, env, 1)
    return pl.read_parquet(out)


@pytest.mark.parametrize(
    ("name", "actions"), FORMATS, ids=lambda value: value if isinstance(value, str) else type(value).__name__
)
def test_a_recording_is_the_same_demonstrations_in_every_format(
    name: str, actions: Actions, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    env = environment(actions)
    table = imported(WRITERS[name](tmp_path, env), env, tmp_path)
    wanted = expected(env)
    if name == "lerobot":  # which has neither the last observation of an episode nor the kind of its end
        last = pl.col("step") == pl.col("trajectory_length") - 1
        unknown = pl.when(~last).then(pl.col("next_observation", "terminated", "truncated"))
        wanted = wanted.with_columns(unknown, trajectory_terminated=pl.lit(None, pl.Boolean))
    if name == "imitation":  # whose terminal trajectories may have ended at the time limit
        wanted = wanted.with_columns(pl.when(~pl.Series(recorded.TERMINATED)).then(pl.col("terminated", "truncated")))
        wanted = wanted.with_columns(trajectory_terminated=pl.Series([None, None, None, False, False]))
    assert_frame_equal(table, wanted)
    said = "Toy-v0: 2 trajectories, 5 pairs of 5 steps, mean return 2.0, "
    assert capsys.readouterr().err.startswith(said)


def test_lerobots_second_version_has_a_file_for_each_episode(tmp_path: Path) -> None:
    env = environment(PUSH)
    old, new = (recorded.write_lerobot(tmp_path / str(version), env, version) for version in (2, 3))
    assert len([*old.glob("data/*/*.parquet")]) == 2
    assert_frame_equal(imported(old, env, tmp_path / "a"), imported(new, env, tmp_path / "b"))


def test_lerobots_flat_features_follow_one_another_where_the_state_is_not_all(tmp_path: Path) -> None:
    root = recorded.write_lerobot(tmp_path, environment())
    file = root / "data" / "chunk-000" / "file-000.parquet"
    table = pl.read_parquet(file)
    more = pl.concat_list(pl.lit(7.0, pl.Float32)).alias("observation.goal")
    table.with_columns(more).write_parquet(file)
    info = json.loads((root / "meta" / "info.json").read_text())
    info["features"] |= {"observation.goal": {"dtype": "float32", "shape": [1]}}
    (root / "meta" / "info.json").write_text(json.dumps(info))
    observations = imported(root, environment(space=Box(-9, 9, (3,))), tmp_path)["observation"].to_numpy()
    np.testing.assert_array_equal(observations, np.column_stack([recorded.BEFORE, np.full(5, 7.0)]))
    assert imported(root, environment(), tmp_path)["observation"].dtype == pl.Array(pl.Float32, 2)


def test_videos_alone_are_refused(tmp_path: Path) -> None:
    root = recorded.write_lerobot(tmp_path, environment())
    info = {"features": {"observation.images.top": {"dtype": "video", "shape": [480, 640, 3]}}}
    (root / "meta" / "info.json").write_text(json.dumps(info))
    refuses(root, "has no observation of numbers, such as observation.state, but observation.images.top", tmp_path)


def refuses(recording: Path | str, message: str, tmp_path: Path, env: Environment | None = None) -> None:
    out = tmp_path / "refused.parquet"
    with pytest.raises(UserError) as refused:
        import_recording(str(recording), env or environment(), False, out)
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)
    assert not out.exists()


def test_minari_finds_a_dataset_by_its_name_and_by_its_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINARI_DATASETS_PATH", str(tmp_path))
    folder = recorded.write_minari(tmp_path, environment())
    for recording in ("toy-v0", folder, folder / "data", folder / "data" / "main_data.hdf5"):
        assert_frame_equal(imported(recording, environment(), tmp_path), expected(environment()))
    refuses(
        "toy-v1", "toy-v1: there is no such file or folder, and Minari has no such dataset; `minari download", tmp_path
    )


def test_minaris_own_reader_and_this_one_agree(tmp_path: Path) -> None:
    from minari import MinariDataset

    folder = recorded.write_minari(tmp_path, environment(PUSH))
    table = imported(folder, environment(PUSH), tmp_path)
    for number, episode in enumerate(MinariDataset(folder / "data")):
        part = table.filter(pl.col("trajectory") == number)
        np.testing.assert_array_equal(part["observation"].to_numpy(), episode.observations[:-1])
        np.testing.assert_array_equal(part["next_observation"].to_numpy(), episode.observations[1:])
        np.testing.assert_array_equal(part["action"].to_numpy(), episode.actions)
        np.testing.assert_array_equal(part["reward"].to_numpy(), episode.rewards)


def test_observations_in_parts_become_vectors(tmp_path: Path) -> None:
    env = in_parts(environment())
    assert_frame_equal(imported(recorded.write_minari(tmp_path, env), env, tmp_path), expected(env))


def test_a_dataset_of_other_spaces_is_refused(tmp_path: Path) -> None:
    folder = recorded.write_minari(tmp_path, environment())
    refuses(
        folder,
        "has the observation space Box(-inf, inf, (2,), float32), but Toy-v0 has Box(",
        tmp_path,
        environment(space=Box(-1, 1, (3,))),
    )
    parts = recorded.write_minari(tmp_path / "parts", in_parts(environment()))
    refuses(parts, "has the observation space Dict('place'", tmp_path)
    refuses(folder, "has the action space Discrete(3), but Toy-v0 has Box(-2, 2, (2,))", tmp_path, environment(PUSH))


def test_a_dataset_that_names_no_spaces_is_refused_since_an_environment_would_be_made(tmp_path: Path) -> None:
    folder = recorded.write_minari(tmp_path, environment())
    metadata = json.loads((folder / "data" / "metadata.json").read_text())
    del metadata["action_space"]
    (folder / "data" / "metadata.json").write_text(json.dumps(metadata))
    refuses(folder, "its metadata.json has no spaces; save it again with Minari 0.5 or later", tmp_path)


def test_other_bounds_of_actions_are_pointed_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = recorded.write_minari(tmp_path, environment(PUSH))
    wide = ContinuousActions(PUSH.low * 2, PUSH.high * 2, PUSH.shape, PUSH.dtype)
    imported(folder, environment(wide), tmp_path)
    assert "are the units the same?" in capsys.readouterr().err


@pytest.mark.parametrize(
    "space",
    [
        Discrete(4, start=-1),
        MultiDiscrete([2, 3], start=[5, -2]),
        MultiBinary(3),
        Box(-1, 1, (2, 3), np.float64),
        Dict({"b": Discrete(3), "a": Tuple([Box(-1, 1, (2,)), MultiDiscrete([4, 2])])}),
    ],
    ids=lambda space: type(space).__name__,
)
def test_vectors_are_those_of_gymnasium(space: gymnasium.Space) -> None:
    space.seed(0)
    samples = [space.sample() for _ in range(20)]
    wanted = np.stack([np.asarray(gymnasium.spaces.flatten(space, sample)) for sample in samples])
    env = environment(space=space)
    np.testing.assert_array_equal(flatten_observations(Path(), env, stacked(space, samples)), wanted)
    if not isinstance(space, Dict):
        np.testing.assert_array_equal(flatten_observations(Path(), env, wanted), wanted)


def stacked(space: gymnasium.Space, samples: list) -> object:
    match space:
        case Dict():
            return {key: stacked(one, [sample[key] for sample in samples]) for key, one in space.spaces.items()}
        case Tuple():
            return tuple(stacked(one, [sample[i] for sample in samples]) for i, one in enumerate(space.spaces))
    return np.stack(samples)


def test_integers_that_the_space_does_not_have_are_refused() -> None:
    with pytest.raises(UserError, match="observations: must be 1 integers each, from 0 to 3"):
        flatten_observations(Path("r.npz"), environment(space=Discrete(4)), np.array([0, 4]))


def test_trajectories_without_an_end_or_without_rewards_can_be_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arrays = recorded.arrays(environment())
    np.savez(tmp_path / "r.npz", **{key: arrays[key] for key in ("observations", "actions")}, terminals=[0, 0, 1, 0, 0])  # type: ignore[arg-type]
    table = imported(tmp_path / "r.npz", environment(), tmp_path)
    assert table["trajectory"].to_list() == [0, 0, 0, 1, 1]
    assert table["trajectory_length"].to_list() == [3, 3, 3, None, None]
    assert (
        table["truncated"].null_count() == table["reward"].null_count() == table["trajectory_return"].null_count() == 5
    )
    following = table["next_observation"].to_list()
    assert following == [[0.25, 0.375], [0.5, 0.625], None, [12.75, 12.875], None]
    assert capsys.readouterr().err == (
        f"{tmp_path}/r.npz: neither terminated nor truncated: trajectories 1; are they whole?\n"
        "Toy-v0: 2 trajectories, 5 pairs, unknown returns, unknown ends\n"
    )


def test_csv_takes_a_vector_of_one_number_without_a_place(tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    path.write_text("trajectory,observation,action,terminated\n7,0.5,2,False\n7,1.5,0,True\n")
    table = imported(path, environment(space=Box(-9, 9, (1,))), tmp_path)
    assert table["observation"].to_list() == [[0.5], [1.5]]
    assert table["action"].to_list() == [2, 0]
    assert table["trajectory"].to_list() == [7, 7]
    assert table["terminated"].to_list() == [False, True]


def test_csv_may_have_whole_numbers_among_others(tmp_path: Path) -> None:
    (tmp_path / "r.csv").write_text("trajectory,observation_0,observation_1,action\n0,0.5,1,2\n0,1.5,2,0\n")
    assert imported(tmp_path / "r.csv", environment(), tmp_path)["observation"].to_list() == [[0.5, 1], [1.5, 2]]


def test_csv_says_which_place_of_a_vector_is_missing(tmp_path: Path) -> None:
    (tmp_path / "r.csv").write_text("trajectory,observation_0,observation_2,action\n0,0.5,1,2\n")
    refuses(tmp_path / "r.csv", "has 2 columns observation_…, but no observation_1; they count from 0", tmp_path)


def test_columns_of_others_are_left_out_aloud(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = recorded.write_parquet(tmp_path, environment())
    pl.read_parquet(path).rename({"reward": "rewards"}).drop("trajectory_return").write_parquet(tmp_path / "r.parquet")
    assert imported(tmp_path / "r.parquet", environment(), tmp_path)["reward"].null_count() == 5
    assert "leaves out what demonstrations don't have: rewards\n" in capsys.readouterr().err


def test_what_may_run_code_is_refused(tmp_path: Path) -> None:
    (tmp_path / "r.pkl").write_bytes(b"\x80\x04N.")
    refuses(tmp_path / "r.pkl", "pickled objects aren't safe to open; these can be read: Minari's dataset, ", tmp_path)
    objects = np.array([{}, None, 1, 2, 3], dtype=object)
    np.savez(tmp_path / "r.npz", obs=np.zeros(6), acts=np.zeros(5), infos=objects)
    refuses(tmp_path / "r.npz", "holds pickled objects, which aren't safe to open; load it with imitation", tmp_path)
    np.savez(tmp_path / "r.npz", **(recorded.arrays(environment()) | {"actions": objects}))  # type: ignore[arg-type]
    refuses(tmp_path / "r.npz", "actions.npy: holds pickled objects, which aren't safe to open", tmp_path)


def test_what_is_no_recording_is_refused_with_what_would_be_one(tmp_path: Path) -> None:
    refuses(
        "https://example.org/r.npz", "is a URL; run `dvc import-url https://example.org/r.npz recordings/", tmp_path
    )
    refuses(tmp_path / "none.npz", "none.npz: there is no such file or folder; `dvc pull`", tmp_path)
    (tmp_path / "empty").mkdir()
    refuses(tmp_path / "empty", "empty: is no recording of a known format; these can be read: Minari's", tmp_path)
    (tmp_path / "r.txt").write_text("a")
    refuses(tmp_path / "r.txt", "r.txt: is no recording of a known format", tmp_path)
    np.savez(tmp_path / "r.npz", a=np.zeros(2))
    refuses(tmp_path / "r.npz", "has no observations, actions, terminals, but a; the layout is D4RL's", tmp_path)
    (tmp_path / "split").mkdir()
    (tmp_path / "split" / "dataset_dict.json").write_text('{"splits": ["train", "test"]}')
    refuses(tmp_path / "split", "holds several datasets; name one, such as", tmp_path)


def test_a_file_is_known_by_its_content(tmp_path: Path) -> None:
    path = recorded.write_hdf5(tmp_path, environment())
    assert recognise(path.rename(tmp_path / "recording"))[0] == "HDF5"
