"""Checkpoints: the whole state of a run, from which it goes on as if nothing had happened."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor

from gailpipe.foundation.errors import UserError
from gailpipe.foundation.files import write_file
from gailpipe.policies.tensor_file import read_tensors, tensor_bytes


class Stateful(Protocol):
    """What has a state of named tensors, such as every module."""

    def state_dict(self) -> dict[str, Tensor]: ...

    def load_state_dict(self, state: dict[str, Tensor]) -> Any: ...


Part = Stateful | torch.optim.Optimizer | torch.Generator
Metrics = dict[str, float]

SHARE_OF_TIME = 0.01  # that `offer` spends on writing
MOST_SECONDS = 30.0  # between two savings, even where that takes a larger share


class Checkpoint:
    """A run's state on disk, and the metrics of all its iterations so far.

    Without a path nothing is kept.

    Raises:
        UserError: The file at the path is damaged.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.metrics: list[Metrics] = []
        self.path = path
        self._tensors: dict[str, Tensor] = {}
        self._saved, self._cost = time.monotonic(), 0.0
        if path is not None and path.exists():
            try:
                self._tensors, description = read_tensors(path)
                self.metrics = description["metrics"]
            except (UserError, KeyError) as error:
                raise UserError(f"{path}: is a damaged checkpoint; remove it, and this run starts afresh") from error

    def restore(self, parts: Mapping[str, Part]) -> None:
        """Bring `parts` to the state of the checkpoint; leave them alone if there was none."""
        if not self._tensors:
            return
        for name, part in parts.items():
            prefix = f"{name}/"
            state = {key.removeprefix(prefix): self._tensors[key] for key in self._tensors if key.startswith(prefix)}
            _set_state(part, state)

    def save(self, parts: Mapping[str, Part]) -> None:
        """Replace the checkpoint by the state of `parts`, and the metrics."""
        if self.path is None:
            return
        started = time.monotonic()
        tensors = {f"{name}/{key}": value for name, part in parts.items() for key, value in _state(part).items()}
        write_file(self.path, tensor_bytes(tensors, {"metrics": self.metrics}))
        self._saved = time.monotonic()
        self._cost = self._saved - started

    def offer(self, parts: Mapping[str, Part]) -> None:
        """Save, unless the last time was so short ago that saving would slow the run down."""
        if time.monotonic() - self._saved >= min(self._cost / SHARE_OF_TIME, MOST_SECONDS):
            self.save(parts)


def _state(part: Part) -> dict[str, Tensor]:
    """Return copies of all tensors that make up the state of `part`."""
    match part:
        case torch.optim.Optimizer():
            return {
                f"{number}.{name}": value.clone()
                for number, parameter in enumerate(_parameters(part))
                for name, value in part.state[parameter].items()
            }
        case torch.Generator():
            return {"state": part.get_state()}
        case _:
            return {name: tensor.detach().clone() for name, tensor in part.state_dict().items()}


def _set_state(part: Part, state: dict[str, Tensor]) -> None:
    match part:
        case torch.optim.Optimizer():
            parameters = _parameters(part)
            for key, value in state.items():
                number, name = key.split(".")
                part.state[parameters[int(number)]][name] = value
        case torch.Generator():
            part.set_state(state["state"])
        case _:
            part.load_state_dict(state)


def _parameters(optimizer: torch.optim.Optimizer) -> list[Tensor]:
    return [parameter for group in optimizer.param_groups for parameter in group["params"]]
