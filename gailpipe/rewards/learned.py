"""Learned rewards on disk: a discriminator with all it takes to judge pairs anywhere."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from gailpipe.envs.spaces import Interface
from gailpipe.foundation.errors import UserError
from gailpipe.policies.encoding import make_encoder
from gailpipe.policies.normalizer import Normalizer
from gailpipe.policies.policy import Policy
from gailpipe.policies.policy_file import describe, interface_of
from gailpipe.policies.tensor_file import hidden_sizes_of, read_tensors, tensor_bytes
from gailpipe.rewards.discriminator import Discriminator, imitation_reward


class LearnedReward(nn.Module):
    """What a discriminator pays for pairs once it has learned: GAIL's reward, without its causal entropy.

    Calling it maps observations (..., observation_dim) and actions (..., *shape), as a Gymnasium environment observes
    and executes them, to rewards (...).
    """

    def __init__(self, environment: Interface, hidden_sizes: Sequence[int], episodes_end_on_success: bool) -> None:
        super().__init__()
        self.environment = environment
        self.episodes_end_on_success = episodes_end_on_success
        self.normalizer = Normalizer(environment.observation_dim)
        self.encoder = make_encoder(environment.actions)
        self.discriminator = Discriminator(self.normalizer, self.encoder.encoded_dim, hidden_sizes, torch.Generator())

    def forward(self, observations: NDArray, actions: NDArray) -> NDArray[np.float32]:
        """Return the rewards of pairs, (...)."""
        own = torch.from_numpy(np.array(self.environment.actions.from_executed(np.asarray(actions))))
        precision = np.float64 if np.asarray(observations).dtype == np.float64 else np.float32
        with torch.inference_mode():
            logits = self.discriminator(torch.from_numpy(np.array(observations, precision)), self.encoder(own))
            return imitation_reward(logits, self.episodes_end_on_success).numpy()[()]

    def wrap(self, env: gymnasium.Env) -> gymnasium.Env:
        """Return `env`, whose observations are flat, with this reward in place of its own."""
        return _Paid(env, self)

    def parts(self) -> dict[str, nn.Module]:
        """Return what has a state, by its name in files."""
        return {"normalizer": self.normalizer, "encoder": self.encoder, "network": self.discriminator.network}


class _Paid(gymnasium.Wrapper):
    def __init__(self, env: gymnasium.Env, reward: LearnedReward) -> None:
        super().__init__(env)
        self._reward, self._observation = reward, np.empty(0)

    def reset(self, **options: Any) -> tuple[Any, dict[str, Any]]:
        self._observation, info = super().reset(**options)
        return self._observation, info

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        reward = float(self._reward(self._observation, action))
        self._observation, _, terminated, truncated, info = super().step(action)
        return self._observation, reward, terminated, truncated, info


def reward_bytes(discriminator: Discriminator, policy: Policy, episodes_end_on_success: bool) -> bytes:
    """Return the content of a file of what `discriminator` pays, which learned beside `policy`."""
    parts = {"normalizer": policy.normalizer, "encoder": policy.encoder, "network": discriminator.network}
    tensors = {f"{name}.{key}": tensor for name, part in parts.items() for key, tensor in part.state_dict().items()}
    kind = {"hidden_sizes": discriminator.hidden_sizes, "episodes_end_on_success": episodes_end_on_success}
    return tensor_bytes(tensors, describe(policy.environment) | kind)


def load_reward(path: str | Path, env: str | None = None) -> LearnedReward:
    """Read the reward that GAIL learned: calling it maps observations and actions to rewards.

    >>> import gymnasium
    >>> reward = load_reward("data/gail/Pendulum-v1/seed-0-reward.safetensors")
    >>> env = gymnasium.make("Pendulum-v1")
    >>> observation, _ = env.reset(seed=0)
    >>> float(reward(observation, [0.5])) > 0
    True
    >>> paid = reward.wrap(env)  # whose step returns the reward that was learned

    Args:
        path: A file named seed-0-reward.safetensors or such, beside a policy.
        env: What the reward must be for, if that matters: the environment's name.

    Raises:
        UserError: The file is missing, damaged, no reward, or for another environment.
    """
    tensors, description = read_tensors(Path(path))
    try:
        interface, sign = interface_of(description), description["episodes_end_on_success"]
        if not isinstance(sign, bool):
            raise ValueError("episodes_end_on_success must be true or false")
        reward = LearnedReward(interface, hidden_sizes_of(description), sign)
        for name, part in reward.parts().items():
            prefix = f"{name}."
            part.load_state_dict({k.removeprefix(prefix): tensors[k] for k in tensors if k.startswith(prefix)})
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise UserError(f"{path}: is no reward of this version of gailpipe; train it anew") from error
    if env not in (None, interface.name):
        raise UserError(f"{path}: is a reward for {interface.name}, not for {env}")
    return reward
