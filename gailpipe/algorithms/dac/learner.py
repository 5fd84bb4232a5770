"""DAC: soft actor-critic on the reward of a discriminator that learns along."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch
from torch import Tensor

from gailpipe.algorithms.dac.settings import Dac
from gailpipe.demonstrations.demonstrations import Demonstrations, load_demonstrations
from gailpipe.envs.environment import Environment
from gailpipe.envs.vector_env import VectorEnv
from gailpipe.foundation.seeding import derive_seed
from gailpipe.policies.policy import CategoricalPolicy, Policy
from gailpipe.policies.squashed import SquashedPolicy, make_actor
from gailpipe.rewards.adversarial import AdversarialReward
from gailpipe.rewards.imitation import learn
from gailpipe.rl.off_policy.loop import train
from gailpipe.rl.off_policy.sac import ENTROPY_PER_DIMENSION, SoftActorCritic
from gailpipe.training.checkpoint import Checkpoint
from gailpipe.training.metrics import follow, learning_curves
from gailpipe.training.seeds import Learned, Run


def learn_dac(environment: Environment, demonstrations: Path, settings: Dac, seed: int, out: Path) -> None:
    """Train DAC's policies of all seeds on the demonstrations in a file, and make the directory `out` of them.

    Raises:
        UserError: The demonstrations will not do, something else is at `out`, or a run failed: names its seed.
    """
    learn(DacRun("dac", environment, demonstrations, settings, seed), out)


class DacRun(Run[Dac]):
    """Soft actor-critic on the reward of a discriminator."""

    def __call__(self, index: int, checkpoints: Path) -> Learned:
        environment, settings, generator = self.environment, self.settings, self.generator(index)
        demonstrations = load_demonstrations(self.demonstrations, environment, settings.trajs)
        learner, reward_function = start_dac(environment, demonstrations, settings, generator)
        checkpoint = Checkpoint(checkpoints / "training")

        def make_vector_env(start: int) -> VectorEnv:
            vector_env_seed = derive_seed(self.seed, f"{self.algorithm} simulators", environment.name, index, start)
            return VectorEnv(environment, settings.num_envs, vector_env_seed, num_threads=1)

        training = train(
            learner,
            make_vector_env,
            reward_function,
            settings,
            demonstrations.observations.dtype,
            generator,
            checkpoint,
            checkpoints / "replay",
        )
        follow(training, self.name, settings.env_steps, "env_steps", checkpoint, index)
        return Learned(learner.average, learning_curves(checkpoint), reward_function.files())


def start_dac(
    environment: Environment, demonstrations: Demonstrations, settings: Dac, generator: torch.Generator
) -> tuple[SoftActorCritic, AdversarialReward]:
    """Return a new learner, whose units are the demonstrations', and the reward that it will learn from.

    Of observations alone it starts from a random policy, and knows no unit of actions without bounds.
    """
    policy = make_actor(environment, settings.hidden_sizes, generator)
    if settings.observations_only:
        policy.normalizer.update(demonstrations.observations)
    else:
        policy.start_from(demonstrations.observations, demonstrations.actions)
    reward = AdversarialReward(
        policy, demonstrations, settings, settings.pays_for_ends, settings.discount, False, generator
    )
    cloning_loss = None
    if not settings.observations_only:
        error = partial(cloning_error, policy, demonstrations, settings.batch_size, generator)
        clone(policy, error, settings)
        if settings.cloning_weight:
            cloning_loss = partial(_weighed, settings.cloning_weight, error)
    return SoftActorCritic(policy, settings, cloning_loss, generator), reward


def clone(policy: Policy, error: Callable[[], Tensor], settings: Dac) -> None:
    """Take `cloning_steps` steps of Adam on the policy's error on demonstrated actions.

    A policy of continuous actions then starts with little noise: with more, it would leave what was demonstrated at
    once.
    """
    if settings.cloning_steps and isinstance(policy, SquashedPolicy):
        policy.set_noise(ENTROPY_PER_DIMENSION)
    optimizer = torch.optim.Adam(policy.parameters(), settings.learning_rate, fused=True)
    for _ in range(settings.cloning_steps):
        loss = error()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def cloning_error(
    policy: Policy, demonstrations: Demonstrations, batch_size: int, generator: torch.Generator
) -> Tensor:
    """Return how far the policy's modes are from the actions in a batch of demonstrated pairs, drawn anew.

    That is the mean squared error of encoded actions (Fujimoto & Gu 2021, equation 3), or of discrete ones the mean
    negative log-likelihood.
    """
    rows = torch.randint(len(demonstrations), (batch_size,), generator=generator)
    observations, actions = demonstrations.observations[rows], demonstrations.actions[rows]
    if isinstance(policy, CategoricalPolicy):
        return -policy.distribution(observations).log_prob(actions).mean()
    errors = policy.encode_actions(policy.mode(observations)) - policy.encode_actions(actions)
    return errors.square().mean()


def _weighed(weight: float, error: Callable[[], Tensor]) -> Tensor:
    return weight * error()
