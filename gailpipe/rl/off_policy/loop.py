"""The loop of everything that learns from replayed transitions."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from math import nan
from pathlib import Path
from statistics import fmean

import torch

from gailpipe.envs.vector_env import VectorEnv
from gailpipe.rewards.reward_function import RewardFunction
from gailpipe.rl.off_policy.replay import Replay, remove_replay
from gailpipe.rl.off_policy.sac import SoftActorCritic
from gailpipe.rl.off_policy.settings import OffPolicyTraining
from gailpipe.training.checkpoint import Checkpoint, Metrics
from gailpipe.training.metrics import require_finite, require_finite_parts
from gailpipe.training.rollout import Collector, Rollout

STEPS_A_ROW = 1000  # of all copies, for a row of the learning curves


def train(
    learner: SoftActorCritic,
    make_vector_env: Callable[[int], VectorEnv],
    reward_function: RewardFunction,
    settings: OffPolicyTraining,
    precision: torch.dtype,
    generator: torch.Generator,
    checkpoint: Checkpoint,
    folder: Path | None,
) -> Iterator[Metrics]:
    """Train the learner's policy in place, and yield rows of metrics that `checkpoint` does not have yet.

    The normaliser is widened once, before any update, by what was observed in the first steps: features that hardly
    vary in demonstrations would else drown all others as soon as they do. Then it stays as it is, since networks that
    learn from old transitions need inputs that do.

    `return` and `length` are means over the episodes that ended in a row's steps, in the environment's own reward; they
    are NaN where none ended.

    Args:
        learner: New.
        make_vector_env: Maps the number of the start to a vector environment with a seed of its own.
        reward_function: New, too. It is fitted to each batch before it pays for it.
        settings: Of the learner and the budget.
        precision: Of observations in the replay buffer.
        generator: Draws everything but what the environments draw.
        checkpoint: What is done already, and where progress is kept.
        folder: Where the replay buffer lies while the run lasts; in memory without one.

    Raises:
        UserError: Names the step and the quantity in which a NaN or an infinity arose, or there is no room for the
            replay buffer.
    """
    steps_of_row = -(-STEPS_A_ROW // settings.num_envs)  # of each copy
    num_rows = -(-settings.iterations // steps_of_row)
    if len(checkpoint.metrics) == num_rows:
        checkpoint.restore({**learner.parts(), **reward_function.parts()})
        remove_replay(folder)
        return
    environment = learner.policy.environment
    collector = Collector(make_vector_env, learner.policy, 1, generator)
    room = settings.iterations + 2 + settings.iterations // collector.steps_a_start  # a row more for each new start
    replay = Replay(environment, room, settings.num_envs, precision, folder)
    parts = {
        **learner.parts(),
        **reward_function.parts(),
        "collector": collector,
        "replay": replay,
        "generator": generator,
    }
    checkpoint.restore(parts)
    for row in range(len(checkpoint.metrics), num_rows):
        steps = range(row * steps_of_row, min((row + 1) * steps_of_row, settings.iterations))
        env_steps = steps.stop * settings.num_envs
        seen = _Seen()
        for step in steps:
            rollout = collector.collect()
            found = {"observations": rollout.observations, "the environment's rewards": rollout.rewards}
            require_finite(f"{environment.name}: step {step * settings.num_envs}", found)
            seen.episodes(rollout)
            replay.append(rollout)
            if step * settings.num_envs < settings.first_steps <= (step + 1) * settings.num_envs:
                learner.policy.normalizer.widen(replay.observations)
            learner.set_learning_rate(settings.learning_rate_at(step))
            for update in settings.updates_after(step):
                transitions = replay.sample(settings.batch_size, generator)
                seen.metrics(reward_function.fit(transitions))
                rewards = reward_function(transitions)
                with_policy = update % settings.policy_every == 0
                seen.metrics({"reward": float(rewards.mean())})
                weight = settings.policy_weight_at(update)
                metrics = learner.update(transitions, rewards, with_policy=with_policy, policy_weight=weight)
                seen.metrics(metrics)
        metrics = {"env_steps": float(env_steps), **seen.means()}
        place = f"{environment.name}: step {env_steps}"
        require_finite(place, {name: value for name, value in metrics.items() if name not in ("return", "length")})
        require_finite_parts(place, parts)
        checkpoint.metrics.append(metrics)
        checkpoint.offer(parts)
        yield metrics
    checkpoint.save(parts)
    remove_replay(folder)


class _Seen:
    """What a row of the learning curves is made of."""

    def __init__(self) -> None:
        self._metrics = defaultdict[str, list[float]](list)
        self._returns, self._lengths = list[float](), list[float]()

    def metrics(self, metrics: Metrics) -> None:
        for name, value in metrics.items():
            self._metrics[name].append(value)

    def episodes(self, rollout: Rollout) -> None:
        self._returns += rollout.episode_returns.tolist()
        self._lengths += rollout.episode_lengths.tolist()

    def means(self) -> Metrics:
        """Return the mean of each metric, and of the episodes that ended; NaN where there was none."""
        episodes = {"return": self._returns, "length": self._lengths}
        return {name: fmean(values) if values else nan for name, values in {**self._metrics, **episodes}.items()}
