"""The replay buffer: what goes in comes out, and an interrupted run finds it again."""

import errno
import os
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from gailpipe.envs.spaces import Interface
from gailpipe.foundation.errors import UserError
from gailpipe.rl.off_policy.replay import Replay, remove_replay
from gailpipe.training.rollout import Rollout
from tests.environments import continuous_environment, discrete_environment, generator

ENVIRONMENT = discrete_environment(observation_dim=1)
Row = tuple[float, int, float, float, bool]


def new_replay(folder: Path | None = None, num_rows: int = 20) -> Replay:
    return Replay(ENVIRONMENT, num_rows, 2, torch.float32, folder)


def rollout(first: int, num_steps: int, start: int = 0) -> Rollout:
    """Return steps from number `first` on of a run's start; all that is said of one tells it from all others.

    The first copy observes 1000 · start + its number, and the second 100 more. Every fourth step of the first copy is
    a reset. The step before ends an episode: number 2 terminates, 6 is cut off by the time limit, and so on.
    """
    numbers = torch.arange(first, first + num_steps + 1)[:, None] + torch.tensor([0, 100]) + 1000 * start
    steps = numbers[:-1]
    resets = (torch.arange(first, first + num_steps) % 4 == 3)[:, None] & torch.tensor([True, False])
    terminated, truncated = (
        (torch.arange(first, first + num_steps) % 8 == number)[:, None] & torch.tensor([True, False])
        for number in (2, 6)
    )
    empty = torch.empty(0)
    return Rollout(numbers[..., None].float(), steps % 4, steps + 0.5, terminated, truncated, ~resets, empty, empty)


def expected(*rollouts: Rollout) -> set[Row]:
    """Return the transitions of `rollouts`, told apart."""
    rows = set[Row]()
    for one in rollouts:
        whole = one.transitions[one.valid]
        rows |= told_apart(whole.observations, whole.actions, whole.next_observations, whole.rewards, whole.terminated)
    return rows


def told_apart(*columns: Any) -> set[Row]:
    return set(zip(*(column.reshape(-1).tolist() for column in columns), strict=True))


def contents(replay: Replay) -> set[Row]:
    """Return all that is ever sampled."""
    some = replay.sample(50 * len(replay), generator())
    assert some.observations.shape == (50 * len(replay), 1)
    return told_apart(some.observations, some.actions, some.next_observations, some.rewards, some.terminated)


@pytest.mark.parametrize("num_steps", [1, 3])
def test_what_was_appended_is_what_is_sampled_but_for_resets(num_steps: int) -> None:
    replay = new_replay()
    rollouts = [rollout(first, num_steps) for first in range(0, 9, num_steps)]
    for one in rollouts:
        replay.append(one)
    assert len(replay) == 9 * 2 - 2  # of nine rows, two are resets of the first copy
    found = contents(replay)
    assert found == expected(*rollouts)
    assert all(after == before + 1 for before, _, after, _, _ in found)
    assert {before for before, *_, terminated in found if terminated} == {2}
    assert (6, 7) in {(before, after) for before, _, after, *_ in found}  # cut off, and so no end
    assert not {3, 7} & {before for before, *_ in found}


def test_rows_that_go_on_are_kept_once() -> None:
    replay = new_replay(num_rows=10)
    for first in range(9):
        replay.append(rollout(first, 1))
    assert int(replay.state_dict()["filled"]) == 10


def test_where_environments_start_anew_nothing_leads_from_one_start_to_another() -> None:
    replay = new_replay()
    rollouts = [rollout(0, 2), rollout(2, 1), rollout(0, 3, start=1), rollout(0, 1, start=2)]
    for one in rollouts:
        replay.append(one)
    found = contents(replay)
    assert found == expected(*rollouts)
    following = {before: after for before, _, after, _, _ in found}
    assert (following[2], following[102]) == (3, 103)  # the last observations before the second start
    assert not {3, 103} & set(following)
    assert (following[1002], following[1102]) == (1003, 1103)
    assert (following[1000], following[2000]) == (1001, 2001)


def test_samples_are_drawn_with_replacement_and_evenly() -> None:
    replay = new_replay()
    replay.append(rollout(0, 3))
    drawn = replay.sample(60_000, generator()).observations.flatten()
    _, counts = drawn.unique(return_counts=True)
    assert counts.tolist() == pytest.approx([10_000] * 6, rel=0.04)


@pytest.mark.parametrize("precision", [torch.float32, torch.float64])
@pytest.mark.parametrize(
    ("environment", "bytes_of_actions"),
    [(continuous_environment(), 2 * 4), (discrete_environment(), 8)],
    ids=["continuous", "discrete"],
)
def test_a_step_takes_what_the_docstring_says(
    environment: Interface, bytes_of_actions: int, precision: torch.dtype, tmp_path: Path
) -> None:
    replay = Replay(environment, 5, 7, precision, tmp_path / "replay")
    size = sum(file.stat().st_size for file in (tmp_path / "replay").iterdir()) + replay._places.nbytes
    assert size == 5 * 7 * (environment.observation_dim * precision.itemsize + bytes_of_actions + 14)


def test_observations_keep_their_precision_or_go_on_rounded() -> None:
    fine = replace(rollout(0, 2), observations=rollout(0, 2).observations.double() + 1e-9)
    for precision, kept in ((torch.float64, True), (torch.float32, False)):
        replay = Replay(ENVIRONMENT, 10, 2, precision, None)
        replay.append(fine)
        replay.append(replace(rollout(2, 1), observations=rollout(2, 1).observations.double() + 1e-9))
        assert int(replay.state_dict()["filled"]) == 4
        observations = replay.sample(100, generator()).observations
        assert observations.dtype == precision
        assert bool((observations % 1 != 0).all()) == kept


@pytest.mark.parametrize("later", [[(3, 1, 0)], [(3, 4, 0)], [(0, 2, 1), (2, 2, 1)]])
def test_a_second_buffer_finds_what_there_was_at_the_checkpoint_and_no_more(
    later: list[tuple[int, int, int]], tmp_path: Path
) -> None:
    first = new_replay(tmp_path / "replay")
    first.append(rollout(0, 3))
    state = {name: tensor.clone() for name, tensor in first.state_dict().items()}
    for steps in later:  # which the interrupted run took after its checkpoint
        first.append(rollout(*steps))
    second = new_replay(tmp_path / "replay")
    second.load_state_dict(state)
    assert len(second) == 6
    assert contents(second) == expected(rollout(0, 3))
    for rollouts in ([rollout(3, 2)], [rollout(0, 2, start=5)]):
        second.load_state_dict(state)
        for one in rollouts:  # may be others than those
            second.append(one)
        assert contents(second) == expected(rollout(0, 3), *rollouts)
    whole = new_replay()
    for one in (rollout(0, 3), rollout(0, 2, start=5)):
        whole.append(one)
    assert torch.equal(second.sample(99, generator()).observations, whole.sample(99, generator()).observations)


def test_a_buffer_that_begins_again_forgets_what_lies_there(tmp_path: Path) -> None:
    for start in (1, 2):
        replay = new_replay(tmp_path / "replay")
        assert len(replay) == 0
        replay.append(rollout(0, 6 - start, start))
    assert contents(replay) == expected(rollout(0, 4, start=2))


def test_a_full_disk_is_said_in_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "posix_fallocate", refuse)
    path = tmp_path / "replay" / "actions"
    sentence = f"{path}: can't make room for a replay buffer of 16 MB: No space left on device"
    with pytest.raises(UserError, match=f"^{re.escape(sentence)}$"):
        new_replay(tmp_path / "replay", num_rows=1_000_000)


def test_once_a_run_has_ended_its_files_are_removed(tmp_path: Path) -> None:
    new_replay(tmp_path / "replay")
    assert sorted(path.name for path in (tmp_path / "replay").iterdir()) == [
        "actions",
        "observations",
        "rewards",
        "terminated",
        "valid",
    ]
    remove_replay(tmp_path / "replay")
    assert list(tmp_path.iterdir()) == []
    remove_replay(tmp_path / "replay")
    remove_replay(None)


def test_a_buffer_that_is_gone_is_named(tmp_path: Path) -> None:
    state = new_replay(tmp_path / "replay").state_dict()
    remove_replay(tmp_path / "replay")
    with pytest.raises(UserError, match="replay: the replay buffer that the checkpoint needs is gone; remove"):
        new_replay(tmp_path / "replay").load_state_dict(state)
