"""Policies on disk: safetensors, with what it takes to build the policy again in the header."""

from pathlib import Path
from typing import Any

import torch

from gailpipe.envs.spaces import Interface, actions_of
from gailpipe.foundation.errors import UserError
from gailpipe.policies.policy import Policy, make_policy
from gailpipe.policies.squashed import SquashedPolicy
from gailpipe.policies.tensor_file import hidden_sizes_of, read_tensors, tensor_bytes

SQUASHED = "squashed"  # says of a continuous policy that it is one


def policy_bytes(policy: Policy) -> bytes:
    """Return the content of a file of `policy` and its normaliser; the same policy always gives the same bytes."""
    description = describe(policy.environment) | {"hidden_sizes": policy.hidden_sizes}
    if isinstance(policy, SquashedPolicy):
        description |= {SQUASHED: True}
    return tensor_bytes(policy.state_dict(), description)


def load_policy(path: str | Path, env: str | None = None) -> Policy:
    """Read a policy: calling it maps observations (..., observation_dim) to actions for Gymnasium.

    Observations are flat: those of a Dict, a Tuple or an array pass through `gymnasium.wrappers.FlattenObservation`
    first. The environment itself is neither needed nor made.

    >>> import gymnasium
    >>> policy = load_policy("data/gail/Pendulum-v1/seed-0.safetensors")
    >>> env = gymnasium.make("Pendulum-v1")
    >>> observation, _ = env.reset(seed=0)
    >>> env.action_space.contains(policy(observation))
    True

    Args:
        path: A safetensors file of `policy_bytes`.
        env: What the policy must be for, if that matters: the environment's name.

    Raises:
        UserError: The file is missing, damaged, no policy, or for another environment.
    """
    tensors, description = read_tensors(Path(path))
    try:
        interface, hidden_sizes = interface_of(description), hidden_sizes_of(description)
        policy: Policy
        if description.get(SQUASHED):
            policy = SquashedPolicy(interface, hidden_sizes, torch.Generator())
        else:
            policy = make_policy(interface, hidden_sizes, 0.0, torch.Generator())
        policy.load_state_dict(tensors)
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise UserError(f"{path}: is no policy of this version of gailpipe; train it anew") from error
    if env not in (None, interface.name):
        raise UserError(f"{path}: is a policy for {interface.name}, not for {env}")
    return policy


def describe(environment: Interface) -> dict[str, Any]:
    """Return what a file says of the environment that it is for."""
    dim, actions = environment.observation_dim, environment.actions.description()
    return {"env": environment.name, "observation_dim": dim, "actions": actions}


def interface_of(description: dict[str, Any]) -> Interface:
    """Return the environment that a file is for.

    Raises:
        ValueError, KeyError or TypeError: It says nothing of that.
    """
    name, observation_dim = description["env"], description["observation_dim"]
    if not isinstance(name, str) or type(observation_dim) is not int or observation_dim < 1:
        raise ValueError("env must be a name, and observation_dim a positive integer")
    return Interface(name, observation_dim, actions_of(description["actions"]))
