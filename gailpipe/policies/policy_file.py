"""Policies on disk: safetensors, with what it takes to build the policy again in the header."""

import json
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from gailpipe.envs.tasks import find_task
from gailpipe.foundation.errors import UserError
from gailpipe.foundation.files import whole_file
from gailpipe.policies.policy import Policy, make_policy


def save_policy(policy: Policy, path: Path) -> None:
    """Write `policy` with its normaliser; the same policy always gives the same bytes."""
    description = json.dumps({"task": policy.task.name, "hidden_sizes": policy.hidden_sizes}, sort_keys=True)
    with whole_file(path) as aside:
        save_file(policy.state_dict(), aside, metadata={"policy": description})


def load_policy(path: str | Path, task: str | None = None) -> Policy:
    """Read a policy: calling it maps observations (..., observation_dim) to actions for Gymnasium.

    Args:
        path: A safetensors file that `save_policy` wrote.
        task: What the policy must be for, if that matters.

    Raises:
        UserError: The file is missing, is no policy, is one for another task, or its task is not to be had.
    """
    try:
        with safe_open(path, framework="pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            header = file.metadata() or {}
        description = json.loads(header["policy"])
        name, hidden_sizes = str(description["task"]), tuple(map(int, description["hidden_sizes"]))
    except FileNotFoundError as error:
        raise UserError(f"{path}: there is no such policy; `dvc pull` or `dvc repro` makes it") from error
    except (SafetensorError, OSError, KeyError, TypeError, ValueError) as error:
        raise UserError(f"{path}: is no policy of gailpipe, or is damaged; try `dvc checkout --force`") from error
    if task not in (None, name):
        raise UserError(f"{path}: is a policy for {name}, not for {task}")
    policy = make_policy(find_task(name), hidden_sizes, 0.0, torch.Generator())
    try:
        policy.load_state_dict(tensors)
    except RuntimeError as error:
        raise UserError(f"{path}: does not fit the observations and actions of {name}; train it anew") from error
    return policy
