"""Learned rewards on disk: a discriminator with all it takes to judge pairs anywhere."""

from collections.abc import Sequence
from enum import Enum
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import logsigmoid, softplus

from gailpipe.envs.spaces import ContinuousActions, Interface
from gailpipe.foundation.errors import UserError
from gailpipe.policies.encoding import make_encoder
from gailpipe.policies.networks import hidden_sizes, mlp, plain_state
from gailpipe.policies.normalizer import Normalizer
from gailpipe.policies.policy import Policy
from gailpipe.policies.policy_file import describe, interface_of
from gailpipe.policies.tensor_file import hidden_sizes_of, read_tensors, tensor_bytes
from gailpipe.rewards.discriminator import Discriminator, Judged, View
from gailpipe.training.checkpoint import Metrics, Part
from gailpipe.training.transitions import Transitions


class Pays(Enum):
    """What is paid for a transition with a logit ℓ, D being sigmoid(ℓ).

    A reward that is never positive, log D, makes a policy end its episodes, and one that is never negative,
    −log(1 − D), makes it live on: so the sign must suit what an episode's end means in the environment. Where it means
    either, or nothing, ℓ itself, log D − log(1 − D), has both signs.
    """

    LOG_D = "log D"
    MINUS_LOG_ONE_MINUS_D = "-log(1 - D)"
    LOGIT = "log D - log(1 - D)"

    def __call__(self, logits: Tensor) -> Tensor:
        """Return the rewards of `logits`, same shape."""
        match self:
            case Pays.LOG_D:
                return logsigmoid(logits)
            case Pays.MINUS_LOG_ONE_MINUS_D:
                return softplus(logits)
            case Pays.LOGIT:
                return logits


class LearnedReward(nn.Module):
    """What a discriminator pays once it has learned; of AIRL's f it is the reward g alone.

    Calling it maps observations (..., observation_dim), actions (..., *shape) and next observations
    (..., observation_dim), as a Gymnasium environment has them, to rewards (...). Those that are not `judged` may be
    left out.
    """

    def __init__(
        self, environment: Interface, hidden_sizes: Sequence[int], activation: str, judged: Judged, pays: Pays
    ) -> None:
        super().__init__()
        self.environment, self.judged, self.pays = environment, judged, pays
        self.view = View(Normalizer(environment.observation_dim), make_encoder(environment.actions))
        self.network = mlp(self.view.size(judged), hidden_sizes, 1, torch.Generator(), activation=activation)

    def forward(
        self, observations: NDArray, actions: NDArray | None = None, next_observations: NDArray | None = None
    ) -> NDArray[np.float32]:
        """Return the rewards of transitions, (...).

        Raises:
            UserError: What is judged was left out.
        """
        for needed, values in (
            (self.judged.of_actions, actions),
            (self.judged.of_next_observations, next_observations),
        ):
            if needed and values is None:
                raise UserError(f"this reward judges {self.judged.value}, of which the latter are missing")
        before = _tensor(observations)
        own = self.environment.actions.from_executed(np.asarray(actions)) if actions is not None else None
        actions_as_policy = torch.empty(0) if own is None else torch.from_numpy(np.array(own))
        after = before if next_observations is None else _tensor(next_observations)
        nothing = torch.zeros(before.shape[:-1])
        with torch.inference_mode():
            return self.rewards(Transitions(before, actions_as_policy, after, nothing, nothing.bool())).numpy()[()]

    def rewards(self, transitions: Transitions) -> Tensor:
        """Return the rewards of a policy's transitions, (...)."""
        return self.pays(self.logits(transitions))

    def logits(self, transitions: Transitions) -> Tensor:
        """Return the logits of a policy's transitions, (...)."""
        return self.network(self.view(self.judged, transitions)).squeeze(-1)

    def wrap(self, env: gymnasium.Env) -> gymnasium.Env:
        """Return `env`, whose observations are flat, with this reward in place of its own."""
        return _Paid(env, self)


class _Paid(gymnasium.Wrapper):
    def __init__(self, env: gymnasium.Env, reward: LearnedReward) -> None:
        super().__init__(env)
        self._reward, self._observation = reward, np.empty(0)

    def reset(self, **options: Any) -> tuple[Any, dict[str, Any]]:
        self._observation, info = super().reset(**options)
        return self._observation, info

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        before = self._observation
        self._observation, _, terminated, truncated, info = super().step(action)
        reward = float(self._reward(before, action, self._observation))
        return self._observation, reward, terminated, truncated, info


def _tensor(observations: NDArray) -> Tensor:
    precision = np.float64 if np.asarray(observations).dtype == np.float64 else np.float32
    return torch.from_numpy(np.array(observations, precision))


def reward_bytes(discriminator: Discriminator, policy: Policy, pays: Pays) -> bytes:
    """Return the content of a file of what `discriminator` pays, which learned beside `policy`."""
    network = discriminator.network
    states = {
        "normalizer": policy.normalizer.state_dict(),
        "encoder": policy.encoder.state_dict(),
        "network": plain_state(network),
    }
    tensors = {f"{name}.{key}": tensor for name, state in states.items() for key, tensor in state.items()}
    layers = {"hidden_sizes": hidden_sizes(network), "activation": discriminator.activation}
    kind = {"judged": discriminator.judged.value, "pays": pays.value}
    return tensor_bytes(tensors, describe(policy.environment) | layers | kind)


def load_reward(path: str | Path, env: str | None = None) -> LearnedReward:
    """Read a reward that was learned: calling it maps observations and actions to rewards.

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
        interface, judged, pays = interface_of(description), Judged(description["judged"]), Pays(description["pays"])
        reward = LearnedReward(interface, hidden_sizes_of(description), description["activation"], judged, pays)
        parts = {"normalizer": reward.view.normalizer, "encoder": reward.view.encoder, "network": reward.network}
        for name, part in parts.items():
            prefix = f"{name}."
            part.load_state_dict({k.removeprefix(prefix): tensors[k] for k in tensors if k.startswith(prefix)})
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise UserError(f"{path}: is no reward of this version of gailpipe; train it anew") from error
    if env not in (None, interface.name):
        raise UserError(f"{path}: is a reward for {interface.name}, not for {env}")
    return reward


class FrozenReward:
    """A learned reward as a policy's loop uses it: it learns no more.

    Args:
        path: Its file.
        environment: Where the policy learns, which may move otherwise than where the reward was learned.

    Raises:
        UserError: The file will not do, or observations or actions are of other kinds. Their bounds may differ: actions
            are judged as the reward's own environment would execute them.
    """

    def __init__(self, path: Path, environment: Interface) -> None:
        self._reward = load_reward(path)
        learned_in = self._reward.environment
        kinds = [_kind(one, with_actions=self._reward.judged.of_actions) for one in (learned_in, environment)]
        if kinds[0] != kinds[1]:
            unlike = " but ".join(kinds)
            raise UserError(f"{path}: is a reward for {learned_in.name}, which is unlike {environment.name}: {unlike}")

    def fit(self, transitions: Transitions) -> Metrics:
        return {}

    @torch.no_grad()
    def __call__(self, transitions: Transitions) -> Tensor:
        return self._reward.rewards(transitions)

    def parts(self) -> dict[str, Part]:
        return {}


def _kind(environment: Interface, *, with_actions: bool) -> str:
    """Say what a reward sees of an environment: bounds apart, which may differ."""
    actions, seen = environment.actions, f"{environment.observation_dim} observations"
    if not with_actions:
        return seen
    if isinstance(actions, ContinuousActions):
        return f"{seen} and {len(actions.low)} continuous actions"
    return f"{seen} and integers of {', '.join(map(str, actions.counts))} values"
