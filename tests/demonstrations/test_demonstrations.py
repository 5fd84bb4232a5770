from pathlib import Path

import numpy as np
import polars as pl
import pytest
import torch

from gailpipe.demonstrations.demonstrations import Demonstrations, load_demonstrations
from gailpipe.demonstrations.sampling import sample_demonstrations, tabulate
from gailpipe.demonstrations.settings import Sample
from gailpipe.envs.environment import find_environment
from gailpipe.envs.episodes import Episode
from gailpipe.envs.spaces import Interface
from gailpipe.evaluation.returns import trajectory_returns
from gailpipe.foundation.errors import UserError
from gailpipe.foundation.files import write_file
from gailpipe.foundation.tables import write_table
from gailpipe.policies.policy import make_policy
from gailpipe.policies.policy_file import policy_bytes
from tests.environments import continuous_environment, discrete_environment, generator


def episode(length: int, environment: Interface, terminated: bool = True) -> Episode:
    observations = np.arange((length + 1) * 3, dtype=np.float32).reshape(length + 1, 3)
    actions = environment.actions.draw(length, np.random.default_rng(length))
    return Episode(observations, actions, np.arange(length, dtype=float), terminated, not terminated)


def saved(path: Path, environment: Interface, lengths: tuple[int, ...] = (10, 25, 7), every: int = 4) -> pl.DataFrame:
    table = tabulate([episode(length, environment) for length in lengths], every, np.random.default_rng(0))
    write_table(table, path)
    return table


def test_every_kth_step_is_kept_from_a_random_start() -> None:
    table = tabulate([episode(1000, discrete_environment())] * 200, 20, np.random.default_rng(0))
    steps = table.group_by("trajectory", maintain_order=True).agg("step")["step"].to_list()
    assert all(set(np.diff(kept)) == {20} and len(kept) == 50 for kept in steps)
    assert {kept[0] for kept in steps} == set(range(20))


def test_rows_hold_the_pair_of_their_step_and_the_whole_trajectorys_return() -> None:
    table = tabulate([episode(10, discrete_environment())], 3, np.random.default_rng(0))
    for row in table.iter_rows(named=True):
        assert row["observation"] == [3 * row["step"], 3 * row["step"] + 1, 3 * row["step"] + 2]
        assert row["reward"] == row["step"]
        assert row["terminated"] == (row["step"] == 9)
        assert not row["truncated"]
        assert (row["trajectory_return"], row["trajectory_length"]) == (45, 10)


def test_demonstrations_are_samples_with_the_policys_own_noise(tmp_path: Path) -> None:
    environment = find_environment("Reacher-v5")
    policy = make_policy(environment, [8], -1.5, generator())
    write_file(tmp_path / "policy.safetensors", policy_bytes(policy))
    out = tmp_path / "demonstrations.parquet"
    sample_demonstrations(environment, tmp_path / "policy.safetensors", Sample(trajs=4, every=1), seed=0, out=out)
    table = pl.read_parquet(out)
    noise = table["action"].to_numpy() - policy(table["observation"].to_numpy())
    assert noise.shape == (4 * environment.max_episode_steps, 2)
    assert np.abs(noise.mean(0)).max() < 0.05
    np.testing.assert_allclose(noise.std(0), np.exp(-1.5), rtol=0.15)
    assert table.group_by("trajectory").agg(pl.col("observation").first())["observation"].n_unique() == 4


def test_a_trajectory_shorter_than_the_interval_still_gives_a_pair() -> None:
    table = tabulate([episode(2, discrete_environment())] * 50, 20, np.random.default_rng(0))
    assert table["trajectory"].to_list() == list(range(50))


def test_the_first_trajectories_come_back_as_tensors(tmp_path: Path) -> None:
    for environment, dtype in ((continuous_environment(), torch.float32), (discrete_environment(), torch.int64)):
        table = saved(tmp_path / "d.parquet", environment).filter(pl.col("trajectory") < 2)
        demonstrations = load_demonstrations(tmp_path / "d.parquet", environment, trajs=2)
        assert demonstrations.actions.dtype == dtype
        np.testing.assert_array_equal(demonstrations.observations.numpy(), table["observation"].to_numpy())
        np.testing.assert_allclose(demonstrations.actions.numpy(), table["action"].to_numpy())


def test_columns_of_lists_will_do(tmp_path: Path) -> None:
    table = saved(tmp_path / "d.parquet", continuous_environment())
    write_table(table.with_columns(pl.col("observation", "action").arr.to_list()), tmp_path / "lists.parquet")
    arrays, lists = (
        load_demonstrations(tmp_path / f"{name}.parquet", continuous_environment(), 3) for name in ("d", "lists")
    )
    assert torch.equal(arrays.observations, lists.observations)
    assert torch.equal(arrays.actions, lists.actions)


def test_trajectory_returns_is_over_trajectories_not_over_rows(tmp_path: Path) -> None:
    saved(tmp_path / "d.parquet", discrete_environment())
    assert trajectory_returns(tmp_path / "d.parquet").tolist() == [45, 300, 21]


def test_foreign_demonstrations_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "d.parquet"

    def refuses(environment: Interface, message: str, trajs: int = 2) -> None:
        with pytest.raises(UserError, match=r"d\.parquet: " + message):
            load_demonstrations(path, environment, trajs)

    refuses(discrete_environment(), "there is no such file; `dvc pull`")
    saved(path, discrete_environment(count=4))
    refuses(
        discrete_environment(),
        "holds 3 trajectories, but 4 are asked for; ask for fewer trajs",
        trajs=4,
    )
    refuses(discrete_environment(observation_dim=5), "observation: must be vectors of 5 numbers for Discrete-v0")
    table = pl.read_parquet(path)
    for name, message in (("trajectory", "must be an integer"), ("observation", "is null"), ("action", "is null")):
        first = pl.int_range(pl.len()) == 0
        write_table(table.with_columns(pl.when(~first).then(name)), path)
        refuses(discrete_environment(), f"{name}: {message}")
    write_table(table, path)
    refuses(discrete_environment(count=2), "action: must be an integer from 0 to 1 for Discrete-v0")
    refuses(continuous_environment(), "action: must be vectors of 2 numbers for Continuous-v0")
    write_table(saved(path, discrete_environment()).with_columns(pl.col("action") + 0.5), path)
    refuses(discrete_environment(), "action: must be an integer from 0 to 3 for Discrete-v0")
    table = saved(path, continuous_environment())
    refuses(discrete_environment(), "action: must be integers for Discrete-v0, but has 2")
    write_table(table.drop("action"), path)
    refuses(continuous_environment(), "has no column action")
    write_table(
        table.with_columns(action=pl.Series([[float("nan"), 0.0]] * table.height, dtype=pl.Array(pl.Float32, 2))), path
    )
    refuses(continuous_environment(), "action: holds a NaN or an infinity")
    for bad, message in (([1e300, 0.0], "action: holds a number beyond 1e\\+18"), (None, "action: is null")):
        rows = pl.Series([bad, *[[0.0, 0.0]] * (table.height - 1)], dtype=pl.List(pl.Float64))
        write_table(table.with_columns(action=rows), path)
        refuses(continuous_environment(), message)
    path.write_bytes(path.read_bytes()[:-50])
    refuses(continuous_environment(), "is damaged; remove it, and `dvc checkout` restores")
    path.write_bytes(b"PAR1")
    refuses(continuous_environment(), "is no Parquet file, or is damaged; remove it, and `dvc checkout` restores")


STEPS = [(0, 0), (0, 1), (0, 3), (1, 4), (1, 5)]  # trajectory, step


def recorded(path: Path, **columns: pl.Series) -> Demonstrations:
    """Write pairs of the steps above, observed at 0, 1, 2, 3 and 4, and read them."""
    trajectories, steps = zip(*STEPS, strict=True)
    pairs = {"trajectory": list(trajectories), "step": list(steps), "observation": [0.0, 1.0, 2.0, 3.0, 4.0]}
    write_table(pl.DataFrame(pairs | {"action": [0] * 5} | columns), path)
    return load_demonstrations(path, discrete_environment(observation_dim=1), trajs=2)


def test_what_follows_is_the_next_steps_observation_or_unknown(tmp_path: Path) -> None:
    found = recorded(tmp_path / "d.parquet")
    assert found.next_observations is not None
    assert found.terminated is not None
    assert [str(value) for value in found.next_observations.flatten().tolist()] == ["1.0", "nan", "nan", "4.0", "nan"]
    assert not found.terminated.any()
    assert found.next_observations.dtype == found.observations.dtype


def test_what_is_given_goes_before_what_is_derived(tmp_path: Path) -> None:
    given = pl.Series([None, 7.0, None, 8.0, None])
    ended = pl.Series([False, None, False, None, True])
    found = recorded(tmp_path / "d.parquet", next_observation=given, terminated=ended)
    assert found.next_observations is not None
    assert found.terminated is not None
    assert [str(value) for value in found.next_observations.flatten().tolist()] == ["1.0", "7.0", "nan", "8.0", "nan"]
    assert found.terminated.tolist() == [False, False, False, False, True]


def test_without_steps_nothing_follows(tmp_path: Path) -> None:
    found = recorded(tmp_path / "d.parquet", step=pl.Series([None] * 5, dtype=pl.Int32))
    assert found.next_observations is not None
    assert found.next_observations.isnan().all()


def test_pairs_whose_next_observation_is_not_known_are_left_out_where_it_matters(tmp_path: Path) -> None:
    found = recorded(tmp_path / "d.parquet")
    whole, followed = (found.transitions(followed=followed) for followed in (False, True))
    assert len(whole) == 5
    assert torch.equal(whole.observations, found.observations)
    assert followed.observations.flatten().tolist() == [0, 3]
    assert followed.next_observations.flatten().tolist() == [1, 4]
    assert len(followed.actions) == len(followed.terminated) == 2
    assert whole.rewards.isnan().all()


def test_it_is_known_of_no_pair_what_follows_where_steps_are_left_out(tmp_path: Path) -> None:
    pairs = Demonstrations(torch.zeros(2, 1), torch.zeros(2, dtype=torch.int64))
    every_second = recorded(tmp_path / "d.parquet", step=pl.Series([0, 2, 4, 0, 2]))
    for demonstrations in (pairs, every_second):
        assert len(demonstrations.transitions(followed=False)) == len(demonstrations)
        assert not demonstrations.followed.any()
        assert len(demonstrations.transitions(followed=True)) == 0
