import pytest
import torch

from gailpipe.expert.novelty import NoveltyReward
from gailpipe.policies.policy import make_policy
from gailpipe.rl.rollout import Rollout
from tests.tasks import discrete_task


def rollout_at(place: float) -> Rollout:
    """Return eight steps of four simulators, each of which earns 3 and leads to `place`; half of them are resets."""
    no = torch.zeros(8, 4, dtype=torch.bool)
    valid = torch.arange(4).expand(8, 4) % 2 == 0
    observations = torch.full((9, 4, 2), place)
    observations[:, ~valid[0]] = 5.0
    empty = torch.empty(0)
    return Rollout(observations, no.long(), torch.full((8, 4), 3.0), no, no, valid, empty, empty)


@pytest.fixture
def reward() -> NoveltyReward:
    generator = torch.Generator().manual_seed(0)
    policy = make_policy(discrete_task(observation_dim=2), [16], 0.0, generator)
    return NoveltyReward(policy, 10.0, generator)


def test_the_first_rollouts_novelty_is_the_unit(reward: NoveltyReward) -> None:
    first = rollout_at(0.5)
    assert reward.fit(first)["novelty"] == 1
    with torch.no_grad():
        error = (reward.learned(first.observations[1:]) - reward.random(first.observations[1:])).square().mean(-1)
        torch.testing.assert_close(reward(first), 3 + 10 * error / reward.unit)


def test_the_bonus_fades_where_the_policy_has_been_and_stays_elsewhere(reward: NoveltyReward) -> None:
    for _ in range(300):
        figures = reward.fit(rollout_at(0.5))
    assert figures["novelty"] < 0.01
    with torch.no_grad():
        assert float((reward(rollout_at(0.5)) - 3)[:, ::2].max()) < 0.1
        assert float((reward(rollout_at(-0.5)) - 3)[:, ::2].min()) > 1


def test_only_the_learned_network_learns(reward: NoveltyReward) -> None:
    fixed = [parameter.clone() for parameter in reward.random.parameters()]
    learned = [parameter.clone() for parameter in reward.learned.parameters()]
    reward.fit(rollout_at(0.5))
    assert all(map(torch.equal, fixed, reward.random.parameters()))
    assert not any(map(torch.equal, learned, reward.learned.parameters()))
