from dataclasses import replace

import pytest
import torch

from gailpipe.algorithms.expert.rnd import RndReward
from gailpipe.policies.policy import make_policy
from gailpipe.training.transitions import Transitions
from tests.environments import discrete_environment

VALID = torch.arange(4).expand(8, 4) % 2 == 0


def transitions_at(place: float) -> Transitions:
    """Return eight steps of four environments; each earns 3 and leads near `place`; those that are not valid, to 5."""
    no = torch.zeros(8, 4, dtype=torch.bool)
    observations = place + torch.linspace(-0.1, 0.1, 9 * 4 * 2).view(9, 4, 2)
    observations[:, ~VALID[0]] = 5.0
    return Transitions(observations[:-1], no.long(), observations[1:], torch.full((8, 4), 3.0), no)


@pytest.fixture
def reward() -> RndReward:
    generator = torch.Generator().manual_seed(0)
    policy = make_policy(discrete_environment(observation_dim=2), [16], 0.0, generator)
    return RndReward(policy, 10.0, generator)


def test_the_first_rollouts_novelty_is_the_unit(reward: RndReward) -> None:
    first = transitions_at(0.5)
    assert reward.fit(first[VALID])["novelty"] == 1
    with torch.no_grad():
        reached = reward.normalizer(first.next_observations)
        error = (reward.learned(reached) - reward.random(reached)).square().mean(-1)
        torch.testing.assert_close(reward(first), 3 + 10 * error / reward.unit)


def test_the_bonus_fades_where_the_policy_has_been_and_stays_elsewhere(reward: RndReward) -> None:
    for _ in range(300):
        metrics = reward.fit(transitions_at(0.5)[VALID])
    assert metrics["novelty"] < 0.01
    with torch.no_grad():
        assert float((reward(transitions_at(0.5)) - 3)[:, ::2].max()) < 0.1
        assert float((reward(transitions_at(-0.5)) - 3)[:, ::2].min()) > 1


def test_only_the_learned_network_learns(reward: RndReward) -> None:
    fixed = [parameter.clone() for parameter in reward.random.parameters()]
    learned = [parameter.clone() for parameter in reward.learned.parameters()]
    reward.fit(transitions_at(0.5)[VALID])
    assert all(map(torch.equal, fixed, reward.random.parameters()))
    assert not any(map(torch.equal, learned, reward.learned.parameters()))


def test_the_unit_does_not_depend_on_the_units_of_observations(reward: RndReward) -> None:
    """MountainCar's velocities are of order 0.01: in raw observations the unit was several times too small."""
    generator = torch.Generator().manual_seed(1)
    spread = torch.randn(8, 4, 2, generator=generator)
    units = []
    for scale in (1.0, 0.01):
        fresh = RndReward(make_policy(discrete_environment(observation_dim=2), [16], 0.0, _seeded()), 10.0, _seeded())
        first = transitions_at(0.5)
        fresh.fit(replace(first, next_observations=scale * spread)[VALID])
        units.append(float(fresh.unit))
    assert units[1] == pytest.approx(units[0], rel=1e-2)


def test_a_rollout_that_stays_in_one_place_is_not_novel(reward: RndReward) -> None:
    first = transitions_at(0.5)
    still = replace(first, next_observations=torch.full_like(first.next_observations, 0.5))
    assert reward.fit(still[VALID])["novelty"] == 0
    with torch.no_grad():
        assert torch.equal(reward(still), still.rewards)


def _seeded() -> torch.Generator:
    return torch.Generator().manual_seed(2)
