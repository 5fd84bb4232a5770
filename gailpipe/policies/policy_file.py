"""Policies on disk: safetensors, with what it takes to build the policy again in the header."""

from pathlib import Path

import torch

from gailpipe.envs.environment import find_environment
from gailpipe.foundation.errors import UserError
from gailpipe.policies.policy import Policy, make_policy
from gailpipe.policies.tensor_file import hidden_sizes_of, read_tensors, tensor_bytes


def policy_bytes(policy: Policy) -> bytes:
    """Return the content of a file of `policy` and its normaliser; the same policy always gives the same bytes."""
    return tensor_bytes(policy.state_dict(), {"task": policy.environment.name, "hidden_sizes": policy.hidden_sizes})


def load_policy(path: str | Path, env: str | None = None) -> Policy:
    """Read a policy: calling it maps observations (..., observation_dim) to actions for Gymnasium.

    Args:
        path: A safetensors file of `policy_bytes`.
        env: What the policy must be for, if that matters.

    Raises:
        UserError: The file is missing, is no policy, is for another environment, or Gymnasium lacks its environment.
    """
    tensors, description = read_tensors(Path(path))
    try:
        name, hidden_sizes = str(description["task"]), hidden_sizes_of(description)
    except (KeyError, ValueError) as error:
        raise UserError(f"{path}: is no policy of gailpipe") from error
    if env not in (None, name):
        raise UserError(f"{path}: is a policy for {name}, not for {env}")
    policy = make_policy(find_environment(name), hidden_sizes, 0.0, torch.Generator())
    try:
        policy.load_state_dict(tensors)
    except RuntimeError as error:
        raise UserError(f"{path}: does not fit the observations and actions of {name}; train it anew") from error
    return policy
