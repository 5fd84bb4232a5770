"""Discriminators of every form, and transitions for them."""

from typing import Any

import torch
from torch import nn

from gailpipe.demonstrations.demonstrations import Demonstrations
from gailpipe.envs.spaces import Interface
from gailpipe.policies.policy import Policy, make_policy
from gailpipe.rewards.adversarial import AdversarialReward
from gailpipe.rewards.discriminator import PairDiscriminator, ShapedDiscriminator, View, make_discriminator
from gailpipe.rewards.settings import Adversarial, DiscriminatorFit
from gailpipe.training.transitions import Transitions
from tests.environments import generator

DISCOUNT = 0.9
FORMS: dict[str, dict[str, Any]] = {
    "pairs": {"form": "pairs"},
    "pairs of states": {"form": "pairs", "observations_only": True},
    "shaped": {"form": "shaped"},
    "shaped states": {"form": "shaped_states"},
    "shaped, of observations only": {"form": "shaped", "observations_only": True},
}
SHAPED = ["shaped", "shaped states", "shaped, of observations only"]


def adversarial(observations_only: bool = False, **different: Any) -> Adversarial:
    """Return settings of a plain discriminator that takes one step on all there is, but for what is `different`."""
    plain: dict[str, Any] = {
        "form": "pairs",
        "hidden_sizes": [16],
        "activation": "tanh",
        "spectral_norm": False,
        "learning_rate": 0.01,
    }
    plain |= {"steps": 1, "batch_size": 1000, "gradient_penalty": 0.0, "entropy_bonus": 0.0}
    return Adversarial(observations_only=observations_only, discriminator=DiscriminatorFit(**plain | different))


def new_policy(environment: Interface) -> Policy:
    """Return a policy that depends on what it observes, unlike a new one, and whose units are not those of tests."""
    policy = make_policy(environment, [8], -0.5, generator())
    with torch.no_grad():
        for parameter in policy.parameters():
            parameter.add_(0.3 * torch.randn(parameter.shape, generator=generator()))
    policy.normalizer.update(3 * torch.randn(20, environment.observation_dim, generator=generator()) + 1)
    return policy


def new_discriminator(policy: Policy, settings: Adversarial) -> PairDiscriminator | ShapedDiscriminator:
    """Return one whose networks are steep, unlike a new one's."""
    view = View(policy.normalizer, policy.encoder)
    discriminator = make_discriminator(view, settings, DISCOUNT, generator())
    with torch.no_grad():
        for network in discriminator.children():
            assert isinstance(network, nn.Sequential)
            *_, weights, biases = network.parameters()
            weights.mul_(3)
            biases.add_(0.5)
    return discriminator


def new_reward(
    policy: Policy, demonstrations: Demonstrations, settings: Adversarial, *, less_log_probs: bool = True
) -> AdversarialReward:
    return AdversarialReward(policy, demonstrations, settings, False, DISCOUNT, less_log_probs, generator())


def steps_of(policy: Policy, count: int = 12, seed: int = 1) -> Transitions:
    """Return unrelated steps of a policy, of which every third terminates."""
    noise = torch.Generator().manual_seed(seed)
    before, after = torch.randn(2, count, policy.environment.observation_dim, generator=noise)
    actions = policy.sample(before, noise).detach()
    return Transitions(before, actions, after, torch.zeros(count), torch.arange(count) % 3 == 2)


def demonstrations_of(policy: Policy, count: int = 12, seed: int = 2) -> Demonstrations:
    """Return demonstrations that tell all, of a policy from other states than `steps_of`."""
    steps = steps_of(policy, count, seed)
    return Demonstrations(steps.observations + 0.5, steps.actions, steps.next_observations + 0.5, steps.terminated)
