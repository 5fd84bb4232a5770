"""Behavioural cloning: supervised learning of the expert's action in each demonstrated state."""

import copy
from collections.abc import Iterator
from math import inf

import torch
from torch import Tensor

from gailpipe.algorithms.bc.regularization import decayed, dropping_out
from gailpipe.algorithms.bc.settings import Cloning
from gailpipe.demonstrations.demonstrations import Demonstrations
from gailpipe.envs.spaces import ContinuousActions
from gailpipe.foundation.errors import UserError
from gailpipe.policies.policy import GaussianPolicy, Policy
from gailpipe.training.checkpoint import Checkpoint, Metrics, Part
from gailpipe.training.metrics import require_finite, require_finite_parts

MIN_STD = 1e-4  # in units of half the action range; an action that is cloned exactly has no error


def clone(
    policy: Policy,
    demonstrations: Demonstrations,
    settings: Cloning,
    generator: torch.Generator,
    checkpoint: Checkpoint,
) -> Iterator[Metrics]:
    """Train `policy` in place by maximum likelihood, and yield the metrics of each validation.

    AdamW on the negative log-likelihood of a random part of the pairs, with dropout; at the end the policy is the
    snapshot with the least error on the other pairs (`validation_error`; Ho & Ermon 2016, section 6), and a Gaussian's
    σ is the root mean square error there, of actions as executed: clipped to their bounds, which makes it less than the
    likeliest σ where means lie beyond them. Adam has hardly moved σ when the means are at their best. What `checkpoint`
    has of this already is neither done nor yielded again.

    Raises:
        UserError: There is but one pair, or a NaN or an infinity arose: names the step and the quantity.
    """
    if len(demonstrations) < 2:
        raise UserError(
            f"{policy.environment.name}: cloning takes two pairs, one of them for validation; ask for more trajs"
        )
    order = torch.randperm(len(demonstrations), generator=generator)
    held_out = max(1, round(settings.validation_fraction * len(order)))
    validation, training = order.tensor_split([min(held_out, len(order) - 1)])
    observations, actions = demonstrations.observations, demonstrations.actions
    policy.start_from(observations, actions)

    optimizer = torch.optim.AdamW(decayed(policy, settings.weight_decay), settings.learning_rate, fused=True)
    best = copy.deepcopy(policy)
    parts: dict[str, Part] = {"policy": policy, "best": best, "optimizer": optimizer, "generator": generator}
    checkpoint.restore(parts)
    done = int(checkpoint.metrics[-1]["step"]) if checkpoint.metrics else 0
    for step in range(done + 1, settings.steps + 1):
        batch = training[torch.randint(len(training), (settings.batch_size,), generator=generator)]
        with dropping_out(policy, settings.dropout, generator):
            loss = -log_likelihood(policy, observations[batch], actions[batch]).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % settings.validate_every == 0 or step == settings.steps:
            error = validation_error(policy, observations[validation], actions[validation])
            metrics = {"step": step, "loss": float(loss.detach()), "validation_error": error}
            place = f"{policy.environment.name}: step {step} of cloning"
            require_finite(place, metrics)
            require_finite_parts(place, parts)
            if error < min((row["validation_error"] for row in checkpoint.metrics), default=inf):
                best.load_state_dict(policy.state_dict())
            checkpoint.metrics.append(metrics)
            checkpoint.offer(parts)
            yield metrics
    checkpoint.save(parts)
    policy.load_state_dict(best.state_dict())
    if isinstance(policy, GaussianPolicy):
        errors = _errors(policy, observations[validation], actions[validation])
        with torch.no_grad():
            policy.log_std.copy_(errors.square().mean(0).clamp_min(MIN_STD**2).log() / 2)


def log_likelihood(policy: Policy, observations: Tensor, actions: Tensor) -> Tensor:
    """Return the log of the probability or density with which `policy` executes each of `actions`, (batch,).

    Whatever a Gaussian draws beyond a bound is executed there: at its bounds an action has the probability of all that
    is clipped to them (Tobin 1958). The density alone would hold the means back from beyond.
    """
    space = policy.environment.actions
    if not (isinstance(policy, GaussianPolicy) and isinstance(space, ContinuousActions)):
        return policy.distribution(observations).log_prob(actions)
    normal = policy.distribution(observations).base_dist
    low, high = torch.from_numpy(space.low).float(), torch.from_numpy(space.high).float()
    executed = actions.clamp(low, high)
    side = (executed == high).float() - (executed == low).float()  # 1 at the upper bound, −1 at the lower one
    clipped = torch.special.log_ndtr(side * (normal.loc - executed) / normal.scale)
    return torch.where(side == 0, normal.log_prob(executed), clipped).sum(-1)


@torch.no_grad()
def validation_error(policy: Policy, observations: Tensor, actions: Tensor) -> float:
    """Return the mean squared error of deterministic actions; of discrete ones, the mean negative log-likelihood.

    The squared error is of encoded actions, so that each action dimension counts alike. The share of wrong discrete
    actions would tell few snapshots apart: it has as many values as there are pairs.
    """
    if not isinstance(policy, GaussianPolicy):
        return -float(policy.distribution(observations).log_prob(actions).mean())
    return float(_errors(policy, observations, actions).square().mean())


@torch.no_grad()
def _errors(policy: GaussianPolicy, observations: Tensor, actions: Tensor) -> Tensor:
    return policy.encode_actions(policy.mode(observations)) - policy.encode_actions(actions)
