"""The replay buffer: all transitions of a run."""

import os
import shutil
from math import prod
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from gailpipe.envs.spaces import ContinuousActions, Interface
from gailpipe.foundation.errors import UserError
from gailpipe.training.rollout import Rollout
from gailpipe.training.transitions import Transitions

DTYPES = {torch.float32: np.float32, torch.float64: np.float64, torch.int64: np.int64, torch.bool: np.bool_}


def bytes_a_step(environment: Interface, precision: torch.dtype = torch.float32) -> int:
    """Return what a step of one copy takes in a replay buffer whose observations have that precision."""
    actions = environment.actions
    size = 4 * len(actions.low) if isinstance(actions, ContinuousActions) else 8 * len(actions.counts)
    return environment.observation_dim * precision.itemsize + size + 14


class Replay:
    """All steps of all copies of an environment, in their order; none is forgotten.

    An observation is kept once: what follows a step is the next row of the same copy.

    With a folder the buffer lies in files there that are mapped into memory. So a checkpoint holds no copy of it: an
    interrupted run finds its steps where they are.

    Args:
        environment: Whose steps they are.
        num_rows: For how many rows to make room, each of one step of all copies. Memory is taken as they fill.
        num_envs: Copies of the environment.
        precision: Of observations.
        folder: Where the files lie; without one all is in memory alone.

    Raises:
        UserError: There is no room for the files, or they can't be made.
    """

    def __init__(
        self, environment: Interface, num_rows: int, num_envs: int, precision: torch.dtype, folder: Path | None
    ) -> None:
        self._folder, self._num_envs = folder, num_envs
        self._files: list[np.memmap] = []
        self._is_new = folder is None or not folder.exists()
        self._filled = 0  # rows so far, of which the last one has observations alone
        self._count = 0  # transitions so far
        actions, rows = environment.actions, (num_rows, num_envs)
        if isinstance(actions, ContinuousActions):
            self._actions = self._tensor("actions", torch.float32, (*rows, len(actions.low)))
        else:
            integers = (len(actions.counts),) if actions.shape else ()
            self._actions = self._tensor("actions", torch.int64, (*rows, *integers))
        self._observations = self._tensor("observations", precision, (*rows, environment.observation_dim))
        self._rewards = self._tensor("rewards", torch.float32, rows)
        self._terminated = self._tensor("terminated", torch.bool, rows)
        self._valid = self._tensor("valid", torch.bool, rows)
        self._places = torch.empty(prod(rows), dtype=torch.int64)  # of transitions among all steps

    def __len__(self) -> int:
        """Return how many transitions there are; steps that reset a copy are none."""
        return self._count

    def append(self, rollout: Rollout) -> None:
        """Add the steps of a rollout, which goes on where the last one ended unless environments started anew."""
        goes_on = self._filled > 0 and torch.equal(
            self._observations[self._filled - 1], rollout.observations[0].to(self._observations.dtype)
        )
        first = self._filled - 1 if goes_on else self._filled
        last = first + len(rollout.actions)
        self._observations[first : last + 1] = rollout.observations
        steps = slice(first, last)
        self._actions[steps], self._rewards[steps] = rollout.actions, rollout.rewards
        self._terminated[steps], self._valid[steps] = rollout.terminated, rollout.valid
        self._valid[last] = False
        self._filled = last + 1
        self._add_places(first, last)

    @property
    def observations(self) -> Tensor:
        """Return what was observed so far, the ends of episodes included, (num_observations, observation_dim)."""
        return self._observations[: self._filled].flatten(0, 1)

    def sample(self, batch_size: int, generator: torch.Generator) -> Transitions:
        """Draw transitions with replacement, (batch_size,)."""
        places = self._places[torch.randint(self._count, (batch_size,), generator=generator)]
        observations, actions = self._observations.flatten(0, 1), self._actions.flatten(0, 1)
        return Transitions(
            observations[places],
            actions[places],
            observations[places + self._num_envs],
            self._rewards.view(-1)[places],
            self._terminated.view(-1)[places],
        )

    def state_dict(self) -> dict[str, Tensor]:
        """Return how much there is, once the files hold it."""
        for file in self._files:
            file.flush()
        return {"filled": torch.tensor(self._filled)}

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        """Go on after the rows that the files had then.

        What came after these is written again.

        Raises:
            UserError: The files are not there any more.
        """
        if self._is_new:
            remedy = "remove the folder of the checkpoint, and the run starts afresh"
            raise UserError(f"{self._folder}: the replay buffer that the checkpoint needs is gone; {remedy}")
        self._filled, self._count = int(state["filled"]), 0
        self._add_places(0, max(self._filled - 1, 0))  # the last row's steps came later, if any

    def _add_places(self, first: int, last: int) -> None:
        """Enter the transitions among the steps of rows `first` to `last`, which is not one of them."""
        places = self._valid[first:last].flatten().nonzero().squeeze(-1) + first * self._num_envs
        self._places[self._count : self._count + len(places)] = places
        self._count += len(places)

    def _tensor(self, name: str, dtype: torch.dtype, shape: tuple[int, ...]) -> Tensor:
        """Return a tensor of zeros, or what a file of that name holds."""
        if self._folder is None:
            return torch.zeros(shape, dtype=dtype)
        path, size = self._folder / name, prod(shape) * dtype.itemsize
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            path.touch()
            with path.open("r+b") as file:  # where the file system can't allocate, it has to be read, too
                if hasattr(os, "posix_fallocate"):
                    os.posix_fallocate(file.fileno(), 0, size)
                else:
                    file.truncate(size)
        except OSError as error:
            what = f"can't make room for a replay buffer of {size / 1e6:,.0f} MB"
            raise UserError(f"{path}: {what}: {error.strerror}") from error
        self._files.append(np.memmap(path, DTYPES[dtype], "r+", shape=shape))
        return torch.from_numpy(self._files[-1])


def remove_replay(folder: Path | None) -> None:
    """Remove the files of a replay buffer, which nobody needs once the run has ended."""
    if folder is not None:
        shutil.rmtree(folder, ignore_errors=True)
