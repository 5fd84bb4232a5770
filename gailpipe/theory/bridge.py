"""The bridge to the other rooms: their reward functions, fitted to samples, beside the exact ones."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from gailpipe.algorithms.linear.features import SQUARE_SCALE
from gailpipe.algorithms.linear.reward import LinearReward, Weigh, fem_weights, gtal_weights
from gailpipe.demonstrations.demonstrations import Demonstrations
from gailpipe.envs.spaces import DiscreteActions, Interface
from gailpipe.policies.normalizer import CLIP
from gailpipe.policies.policy import Policy, make_policy
from gailpipe.rewards.adversarial import AdversarialReward
from gailpipe.rewards.settings import Adversarial, DiscriminatorFit
from gailpipe.theory.mdp import Array
from gailpipe.theory.saddle import optimal_discriminator
from gailpipe.training.transitions import Transitions

DISCRIMINATOR = DiscriminatorFit(
    form="pairs",
    hidden_sizes=[32],
    activation="tanh",
    spectral_norm=False,
    learning_rate=0.02,
    steps=200,
    batch_size=10**6,  # all pairs
    gradient_penalty=0.0,
    entropy_bonus=0.0,
)
LINEAR: dict[str, Weigh] = {"FEM": fem_weights, "GTAL": gtal_weights}


def reward_errors(occupancy: Array, expert: Array, num_pairs: Sequence[int], seed: int) -> dict[str, Array]:
    """Return the mean error of each reward function, (len(num_pairs),), by the label of its algorithm.

    The mean is over pairs of the policy and of the expert alike, and relative to that of the exact reward's absolute
    deviation from its mean.

    Args:
        occupancy: ρ_π, (num_states, num_actions).
        expert: ρ_E, same shape.
        num_pairs: How many of each are drawn.
        seed: Of the draws, and of the discriminator's first weights.
    """
    exact = {"GAIL": exact_adversarial_reward(occupancy, expert)}
    exact |= {label: exact_linear_reward(occupancy, expert, weigh) for label, weigh in LINEAR.items()}
    shape = expert.shape[0], expert.shape[1]
    weights = (occupancy + expert) / (occupancy + expert).sum()
    errors: dict[str, list[float]] = {label: [] for label in exact}
    for count in num_pairs:
        generator = torch.Generator().manual_seed(seed)
        pairs, shown = (draw_transitions(measure, count, generator) for measure in (occupancy, expert))
        demonstrations = Demonstrations(shown.observations, shown.actions)
        for label, reward in exact.items():
            sampled = sampled_reward(label, demonstrations, pairs, shape, generator)
            spread = (weights * np.abs(reward - (weights * reward).sum())).sum()
            errors[label].append(float((weights * np.abs(sampled - reward)).sum() / spread))
    return {label: np.array(of_label) for label, of_label in errors.items()}


def exact_adversarial_reward(occupancy: Array, expert: Array) -> Array:
    """Return log(1 − D), (num_states, num_actions), with the paper's D: the log of the other rooms' D."""
    return np.log(1 - optimal_discriminator(occupancy, expert))


def exact_linear_reward(occupancy: Array, expert: Array, weigh: Weigh) -> Array:
    """Return w · φ(s, a) less its least value, at most 0, (num_states, num_actions), with exact expectations."""
    features = _linear_features(expert)
    gap = np.einsum("sa,saf->f", expert / expert.sum() - occupancy / occupancy.sum(), features)
    values = features @ weigh(torch.from_numpy(gap)).numpy()
    return values - min(values.min(), 0.0)


def sampled_reward(
    label: str, demonstrations: Demonstrations, pairs: Transitions, shape: tuple[int, int], generator: torch.Generator
) -> Array:
    """Fit a reward function of the other rooms to samples, and return what it pays for each pair.

    Args:
        label: Of its algorithm.
        demonstrations: The expert's pairs.
        pairs: The policy's.
        shape: (num_states, num_actions).
        generator: Draws the discriminator's first weights.

    Returns:
        Of that shape.
    """
    policy = _tabular_policy(*shape, generator)
    reward: AdversarialReward | LinearReward
    if label in LINEAR:
        reward = LinearReward(policy, demonstrations, False, LINEAR[label])
    else:
        settings = Adversarial(observations_only=False, discriminator=DISCRIMINATOR)
        reward = AdversarialReward(policy, demonstrations, settings, True, 0.0, False, generator)
    reward.fit(pairs)
    states, actions = (torch.from_numpy(one.ravel()) for one in np.indices(shape))
    return reward(_transitions(states, actions, shape[0])).reshape(shape).double().numpy()


def draw_transitions(occupancy: Array, count: int, generator: torch.Generator) -> Transitions:
    """Draw pairs from an occupancy, as transitions whose observations are one-hot vectors; they lead nowhere."""
    pairs = torch.multinomial(torch.from_numpy(occupancy.ravel()), count, replacement=True, generator=generator)
    return _transitions(pairs // occupancy.shape[1], pairs % occupancy.shape[1], occupancy.shape[0])


def _transitions(states: Tensor, actions: Tensor, num_states: int) -> Transitions:
    observations = torch.nn.functional.one_hot(states, num_states).float()
    nothing = torch.zeros(len(states))
    return Transitions(observations, actions, observations, nothing, nothing.bool())


def _tabular_policy(num_states: int, num_actions: int, generator: torch.Generator) -> Policy:
    """Make a policy that observes one-hot states, for what reward functions ask one of: how pairs are seen."""
    actions = DiscreteActions((num_actions,), (0,), (), np.dtype(np.int64))
    return make_policy(Interface("tabular", num_states, actions), [1], 0.0, generator)


def _linear_features(expert: Array) -> Array:
    """Return φ, (num_states, num_actions, num_features): in the action's block x and (0.01 x)², of the one-hot state.

    x is standardised by the expert's exact moments, and clipped, as `gailpipe.algorithms.linear.features` does it.
    """
    num_states, num_actions = expert.shape
    visited = expert.sum(1) / expert.sum()
    standardised = ((np.eye(num_states) - visited) / np.sqrt(visited * (1 - visited))).clip(-CLIP, CLIP)
    blocks = np.concatenate([standardised, (SQUARE_SCALE * standardised) ** 2], 1)
    features = np.einsum("sf,ab->sabf", blocks, np.eye(num_actions))
    return features.reshape(num_states, num_actions, -1)
