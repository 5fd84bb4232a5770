"""Behavioural cloning: supervised learning of the expert's action in each demonstrated state."""

import copy
from collections.abc import Iterator

import torch
from torch import Tensor

from gailpipe.imitation.demonstrations import Demonstrations
from gailpipe.params.cloning import Cloning
from gailpipe.policies.policy import GaussianPolicy, Policy


def clone(
    policy: Policy, demonstrations: Demonstrations, settings: Cloning, generator: torch.Generator
) -> Iterator[dict[str, float]]:
    """Train `policy` in place by maximum likelihood, and yield the figures of each validation.

    Adam on the negative log-likelihood of a random part of the pairs; at the end the policy is the snapshot whose
    deterministic actions had the least error on the other pairs (Ho & Ermon 2016, section 6).
    """
    order = torch.randperm(len(demonstrations), generator=generator)
    held_out = max(1, round(settings.validation_fraction * len(order)))
    validation, training = order[:held_out], order[held_out:]
    if len(training) == 0:
        training = validation
    observations, actions = demonstrations.observations, demonstrations.actions
    policy.normalizer.update(observations)

    optimizer = torch.optim.Adam(policy.parameters(), settings.learning_rate)
    best, least_error = copy.deepcopy(policy.state_dict()), float("inf")
    for step in range(1, settings.steps + 1):
        batch = training[torch.randint(len(training), (settings.batch_size,), generator=generator)]
        loss = -policy.distribution(observations[batch]).log_prob(actions[batch]).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % settings.validate_every == 0 or step == settings.steps:
            error = validation_error(policy, observations[validation], actions[validation])
            if error < least_error:
                best, least_error = copy.deepcopy(policy.state_dict()), error
            yield {"step": step, "loss": float(loss.detach()), "validation_error": error}
    policy.load_state_dict(best)


@torch.no_grad()
def validation_error(policy: Policy, observations: Tensor, actions: Tensor) -> float:
    """Return the mean squared error of deterministic actions, or the share of wrong ones where they are discrete.

    The squared error is of encoded actions, so that each action dimension counts alike.
    """
    predicted = policy.encode_actions(policy.mode(observations))
    difference = (predicted - policy.encode_actions(actions)).square()
    return float(difference.mean() if isinstance(policy, GaussianPolicy) else difference.sum(-1).mean() / 2)
