"""Behavioural cloning as a learner of its own: once for each seed."""

from functools import partial
from pathlib import Path

import torch

from gailpipe.envs.tasks import find_task
from gailpipe.foundation.progress import Progress
from gailpipe.foundation.seeding import derive_seed
from gailpipe.imitation.cloning import clone
from gailpipe.imitation.demonstrations import load_demonstrations
from gailpipe.imitation.runs import Learned, train_seeds
from gailpipe.params.cloning import Bc
from gailpipe.policies.checkpoint import Checkpoint
from gailpipe.policies.learning import watch
from gailpipe.policies.policy import make_policy


def learn_bc(env: str, demonstrations: Path, settings: Bc, seed: int, out: Path) -> None:
    """Clone the demonstrations in a file with all seeds, and make the directory `out` of the policies."""
    run = partial(_clone_once, env, demonstrations, settings, seed)
    parameters = {"seed": seed, **settings.model_dump()}
    train_seeds(f"bc-{env}", parameters, demonstrations, run, settings.seeds, out)


def _clone_once(env: str, demonstrations_path: Path, settings: Bc, seed: int, index: int, checkpoints: Path) -> Learned:
    task = find_task(env)
    demonstrations = load_demonstrations(demonstrations_path, task, settings.trajs)
    generator = torch.Generator().manual_seed(derive_seed(seed, "bc", env, index))
    policy = make_policy(task, settings.hidden_sizes, settings.initial_log_std, generator)
    checkpoint = Checkpoint(checkpoints / "cloning")
    training = clone(policy, demonstrations, settings, generator, checkpoint)
    with Progress(f"bc {env} seed {index}", settings.steps, position=index) as progress:
        return Learned(policy, watch(training, checkpoint, "step", progress), {})
