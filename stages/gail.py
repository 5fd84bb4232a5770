"""Train GAIL on a task's demonstrations, once for each seed."""

import argparse
from functools import partial
from pathlib import Path

import torch

from gailpipe.foundation.command import imitation_parser, run
from gailpipe.imitation.demonstrations import Demonstrations
from gailpipe.imitation.gail_reward import GailReward
from gailpipe.imitation.initialization import initialize
from gailpipe.imitation.learner import imitate
from gailpipe.params.base import load_section, load_seed
from gailpipe.params.gail import Gail
from gailpipe.policies.checkpoint import Checkpoint
from gailpipe.policies.policy import Policy


def main(arguments: argparse.Namespace) -> None:
    settings = load_section(arguments.params, Gail, "gail", arguments.env, arguments.set)
    seed = load_seed(arguments.params)
    ready = partial(prepare, settings)
    imitate("gail", arguments.env, arguments.demonstrations, settings, seed, ready, arguments.out)


def prepare(
    settings: Gail, policy: Policy, demonstrations: Demonstrations, generator: torch.Generator, checkpoints: Path
) -> GailReward:
    """Ready the policy, and make the discriminator's reward."""
    initialize(policy, demonstrations, settings, generator, Checkpoint(checkpoints / "cloning"))
    return GailReward(policy, demonstrations, settings, generator)


if __name__ == "__main__":
    run(main, imitation_parser("gail", __doc__))
