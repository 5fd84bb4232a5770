"""The one loop of everything that learns from rollouts."""

from collections.abc import Callable, Iterator
from math import nan

import torch

from gailpipe.envs.vector_env import VectorEnv
from gailpipe.policies.policy import Policy
from gailpipe.rewards.reward_function import RewardFunction
from gailpipe.rl.on_policy.advantages import gae
from gailpipe.rl.on_policy.settings import Training
from gailpipe.rl.on_policy.trpo import trpo_step
from gailpipe.rl.on_policy.value_function import ValueFunction
from gailpipe.training.checkpoint import Checkpoint, Metrics
from gailpipe.training.metrics import require_finite, require_finite_parts
from gailpipe.training.rollout import Collector, Rollout


def train(
    policy: Policy,
    make_vector_env: Callable[[int], VectorEnv],
    reward_function: RewardFunction,
    settings: Training,
    generator: torch.Generator,
    checkpoint: Checkpoint,
) -> Iterator[Metrics]:
    """Train `policy` in place, and yield the metrics of each iteration that `checkpoint` does not have yet.

    `return` and `length` are means over the episodes that ended in the iteration, in the environment's own reward,
    whichever the policy learns from. They are NaN where no episode ended.

    Args:
        policy: The new policy.
        make_vector_env: Maps the number of the start to a vector environment with a seed of its own.
        reward_function: New, too.
        settings: Of TRPO, the value function and the budget.
        generator: Draws everything but what the environments draw.
        checkpoint: What is done already, and where progress is kept.

    Raises:
        UserError: Names the iteration and the quantity in which a NaN or an infinity arose.
    """
    if len(checkpoint.metrics) == settings.iterations:
        checkpoint.restore({"policy": policy, **reward_function.parts()})
        return
    value_function = ValueFunction(policy.normalizer, settings.hidden_sizes, settings.value_function, generator)
    collector = Collector(make_vector_env, policy, settings.num_steps, generator)
    parts = {
        "policy": policy,
        "value_function": value_function,
        "value_optimizer": value_function.optimizer,
        **reward_function.parts(),
        "collector": collector,
        "generator": generator,
    }
    checkpoint.restore(parts)
    for iteration in range(len(checkpoint.metrics), settings.iterations):
        place = f"{policy.environment.name}: iteration {iteration}"
        rollout = collector.collect()
        metrics: Metrics = {"env_steps": (iteration + 1) * settings.num_steps * settings.num_envs}
        max_kl = settings.max_kl_at(iteration)
        metrics |= _learn(policy, value_function, reward_function, rollout, max_kl, settings, generator, place)
        require_finite(place, metrics)
        require_finite_parts(place, parts)
        metrics["return"] = float(rollout.episode_returns.mean()) if len(rollout.episode_returns) else nan
        metrics["length"] = float(rollout.episode_lengths.mean()) if len(rollout.episode_lengths) else nan
        checkpoint.metrics.append(metrics)
        checkpoint.offer(parts)
        yield metrics
    checkpoint.save(parts)


def _learn(
    policy: Policy,
    value_function: ValueFunction,
    reward_function: RewardFunction,
    rollout: Rollout,
    max_kl: float,
    settings: Training,
    generator: torch.Generator,
    place: str,
) -> Metrics:
    transitions, valid = rollout.transitions, rollout.valid
    learned_from = transitions[valid]
    observations = learned_from.observations
    require_finite(place, {"observations": rollout.observations, "the environment's rewards": rollout.rewards})
    metrics = reward_function.fit(learned_from)
    with torch.no_grad():
        values = value_function(rollout.observations)
        rewards = reward_function(transitions)
    require_finite(place, {"values": values, "rewards": rewards})
    advantages, returns = gae(
        rewards, values, rollout.terminated, rollout.truncated, settings.discount, settings.gae_lambda
    )
    metrics |= trpo_step(
        policy,
        observations,
        learned_from.actions,
        advantages[valid],
        max_kl,
        settings.damping,
        settings.fisher_fraction,
        generator,
    )
    metrics |= value_function.fit(observations, returns[valid], generator)
    policy.normalizer.update(observations)
    return metrics
