"""The plane of principal directions, and the distance of occupancy measures."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
import torch

from gailpipe.envs.environment import find_environment
from gailpipe.evaluation.occupancy import GRID, make_occupancy
from gailpipe.evaluation.plane import inhomogeneity, principal_plane
from gailpipe.evaluation.settings import Occupancy
from gailpipe.foundation.files import write_file
from gailpipe.foundation.tables import write_table
from gailpipe.policies.policy import make_policy
from gailpipe.policies.policy_file import policy_bytes
from gailpipe.rewards.learned import load_reward
from gailpipe.training.transitions import Transitions
from tests.environments import generator
from tests.rewards.forms import FORMS, adversarial, demonstrations_of, new_policy, new_reward
from tests.workspace import TINY_ENVS, Workspace


def test_inhomogeneity_is_one_for_two_points_and_zero_for_one() -> None:
    assert inhomogeneity(np.zeros((4, 2)), np.ones((7, 2))) == pytest.approx(1)
    assert inhomogeneity(np.zeros((1, 2)), np.ones((1, 2))) == pytest.approx(1)
    assert inhomogeneity(np.zeros((4, 2)), np.zeros((2, 2))) == 0


def test_inhomogeneity_worked_out_by_hand() -> None:
    one, other = np.array([[0.0], [2.0]]), np.array([[1.0], [5.0], [6.0]])
    between, within = 2 * (1 + 5 + 6 + 1 + 3 + 4) / 6, 2 + (4 + 5 + 1) / 3
    assert inhomogeneity(one, other) == pytest.approx((between - within) / between)
    assert inhomogeneity(other, one) == pytest.approx(inhomogeneity(one, other))


@pytest.mark.parametrize(("count", "repetitions"), [(10, 1000), (1000, 25)])
def test_samples_of_one_distribution_are_alike_on_average_whatever_their_size(count: int, repetitions: int) -> None:
    generator = np.random.default_rng(2)
    found = [inhomogeneity(*generator.normal(size=(2, count, 3))) for _ in range(repetitions)]
    assert abs(np.mean(found)) < 3 * np.std(found, ddof=1) / np.sqrt(repetitions)


def test_the_plane_holds_the_widest_directions_of_standardised_states() -> None:
    generator = np.random.default_rng(1)
    along, across, noise = generator.normal(size=(3, 400))
    states = np.stack([along, along + 0.05 * noise, 100 * across, 100 * across + noise, np.full(400, 7.0)], 1)
    states += np.arange(5)
    plane = principal_plane(states)
    np.testing.assert_allclose(plane.directions @ plane.directions.T, np.eye(2), atol=1e-12)
    np.testing.assert_allclose(plane.directions[:, 4], 0, atol=1e-12)
    pairs = np.abs(plane.directions[:, [0, 2]]) ** 2
    np.testing.assert_allclose(np.abs(plane.directions[:, :4]) ** 2, np.repeat(pairs, 2, axis=1), atol=5e-3)
    coordinates = plane.coordinates(states)
    np.testing.assert_allclose(coordinates.mean(0), 0, atol=1e-9)
    np.testing.assert_allclose(plane.coordinates(plane.states(coordinates)), coordinates, atol=1e-9)
    assert (plane.directions[np.arange(2), np.abs(plane.directions).argmax(1)] > 0).all()


def test_one_dimensional_states_lie_on_a_line() -> None:
    states = np.array([[1.0], [3.0], [5.0]])
    plane = principal_plane(states)
    np.testing.assert_allclose(plane.coordinates(states)[:, 1], 0)
    np.testing.assert_allclose(plane.states(plane.coordinates(states)), states)


@pytest.mark.parametrize("environment", TINY_ENVS)
def test_states_lie_in_the_demonstrations_plane_and_are_judged_all_over_it(
    finished: Workspace, environment: str
) -> None:
    tables = {
        path.stem: pl.read_parquet(path)
        for path in (finished.root / "data" / "results" / "occupancy" / environment).iterdir()
    }
    states, judged, distances = (tables[name] for name in ("states", "judged", "distances"))
    assert states["policy"].unique(maintain_order=True).to_list() == ["demonstrations", "bc", "gail", "dac"]
    demonstrated = states.filter(policy="demonstrations")
    x, y = demonstrated["x"].to_numpy(), demonstrated["y"].to_numpy()
    assert np.mean(x) == pytest.approx(0, abs=1e-5)
    assert np.mean(x * y) == pytest.approx(0, abs=1e-5)  # principal directions are uncorrelated
    assert np.var(x) >= np.var(y) > 0
    for axis in ("x", "y"):
        place, around = states[axis].to_numpy(), judged[axis].to_numpy()
        assert around.min() < place.min() < place.max() < around.max()
    assert set(judged["policy"]) == {"gail", "dac"}
    assert judged["logit"].is_finite().all()
    assert set(distances["policy"]) == {"demonstrations", "bc", "gail", "dac"}
    assert distances["inhomogeneity"].is_between(-0.5, 1).all()


def test_demonstrations_are_compared_with_themselves_by_every_second_trajectory(tmp_path: Path) -> None:
    environment = find_environment("CartPole-v1")
    file, policy = tmp_path / "demonstrations.parquet", make_policy(environment, [4], 0.0, generator())
    write_file(tmp_path / "toy" / "seed-0.safetensors", policy_bytes(policy))
    levels = np.array([7, 7, 7, 5, 5, 5, 7, 7, 7, 5, 5, 5])  # trajectories of three pairs, in no order of their numbers
    pairs = {"trajectory": np.repeat([3, 1, 2, 0], 3), "action": levels % 2, "observation": np.tile(levels, (4, 1)).T}
    distances = []
    for trajectories in (4, 1):
        write_table(pl.DataFrame(pairs).head(3 * trajectories), file)
        out = tmp_path / f"from {trajectories}"
        make_occupancy(environment, file, {"toy": tmp_path / "toy"}, Occupancy(episodes=1, states=5), 0, out)
        distances.append(dict(pl.read_parquet(out / "distances.parquet").iter_rows())["demonstrations"])
    assert distances == [1, None]  # states of one half all differ from those of the other, and of none from itself


def test_the_plane_is_judged_by_rewards_of_what_it_has(tmp_path: Path) -> None:
    environment, file, out = find_environment("CartPole-v1"), tmp_path / "demonstrations.parquet", tmp_path / "out"
    policy = new_policy(environment)
    states = torch.randn(20, 4, generator=generator()).numpy()
    pairs = {"trajectory": np.arange(20), "action": np.zeros(20, int), "observation": states}
    write_table(pl.DataFrame(pairs), file)
    for form in FORMS:
        reward = new_reward(policy, demonstrations_of(policy), adversarial(**FORMS[form]))
        write_file(tmp_path / form / "seed-0.safetensors", policy_bytes(policy))
        write_file(tmp_path / form / "seed-0-reward.safetensors", reward.files()["reward"])
    learners = {form: tmp_path / form for form in FORMS}
    make_occupancy(environment, file, learners, Occupancy(episodes=1, states=5), 0, out)
    judged = pl.read_parquet(out / "judged.parquet")
    assert set(judged["policy"]) == {"pairs"}
    assert judged["logit"].is_finite().all()
    assert judged["policy"].value_counts()["count"].unique().to_list() == [GRID**2]
    plane = principal_plane(states[np.linspace(0, 19, 5).round().astype(int)])
    observed = torch.from_numpy(plane.states(judged.select("x", "y").to_numpy().astype(float)).astype(np.float32))
    no = torch.zeros(len(observed), dtype=torch.bool)
    loaded = load_reward(tmp_path / "pairs" / "seed-0-reward.safetensors")
    with torch.no_grad():
        logits = loaded.logits(Transitions(observed, policy.mode(observed), observed, no.float(), no))
    np.testing.assert_allclose(judged["logit"].to_numpy(), logits.numpy(), atol=1e-4)
