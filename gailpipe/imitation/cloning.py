"""Behavioural cloning: supervised learning of the expert's action in each demonstrated state."""

import copy
from collections.abc import Iterator
from math import inf

import torch
from torch import Tensor

from gailpipe.imitation.demonstrations import Demonstrations
from gailpipe.params.cloning import Cloning
from gailpipe.policies.checkpoint import Checkpoint, Figures, Part
from gailpipe.policies.finiteness import require_finite, require_finite_parts
from gailpipe.policies.policy import GaussianPolicy, Policy


def clone(
    policy: Policy,
    demonstrations: Demonstrations,
    settings: Cloning,
    generator: torch.Generator,
    checkpoint: Checkpoint,
) -> Iterator[Figures]:
    """Train `policy` in place by maximum likelihood, and yield the figures of each validation.

    Adam on the negative log-likelihood of a random part of the pairs; at the end the policy is the snapshot whose
    deterministic actions had the least error on the other pairs (Ho & Ermon 2016, section 6). What `checkpoint` has
    of this already is neither done nor yielded again.

    Raises:
        UserError: Names the step and the quantity in which a NaN or an infinity arose.
    """
    order = torch.randperm(len(demonstrations), generator=generator)
    held_out = max(1, round(settings.validation_fraction * len(order)))
    validation, training = order[:held_out], order[held_out:]
    if len(training) == 0:
        training = validation
    observations, actions = demonstrations.observations, demonstrations.actions
    policy.normalizer.update(observations)

    optimizer = torch.optim.Adam(policy.parameters(), settings.learning_rate, fused=True)
    best = copy.deepcopy(policy)
    parts: dict[str, Part] = {"policy": policy, "best": best, "optimizer": optimizer, "generator": generator}
    checkpoint.restore(parts)
    done = int(checkpoint.figures[-1]["step"]) if checkpoint.figures else 0
    for step in range(done + 1, settings.steps + 1):
        batch = training[torch.randint(len(training), (settings.batch_size,), generator=generator)]
        loss = -policy.distribution(observations[batch]).log_prob(actions[batch]).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % settings.validate_every == 0 or step == settings.steps:
            error = validation_error(policy, observations[validation], actions[validation])
            figures = {"step": step, "loss": float(loss.detach()), "validation_error": error}
            place = f"{policy.task.name}: step {step} of cloning"
            require_finite(place, figures)
            require_finite_parts(place, parts)
            if error < min((row["validation_error"] for row in checkpoint.figures), default=inf):
                best.load_state_dict(policy.state_dict())
            checkpoint.figures.append(figures)
            checkpoint.offer(parts)
            yield figures
    checkpoint.save(parts)
    policy.load_state_dict(best.state_dict())


@torch.no_grad()
def validation_error(policy: Policy, observations: Tensor, actions: Tensor) -> float:
    """Return the mean squared error of deterministic actions, or the share of wrong ones where they are discrete.

    The squared error is of encoded actions, so that each action dimension counts alike.
    """
    predicted = policy.encode_actions(policy.mode(observations))
    difference = (predicted - policy.encode_actions(actions)).square()
    return float(difference.mean() if isinstance(policy, GaussianPolicy) else difference.sum(-1).mean() / 2)
