"""Behavioural cloning as a learner of its own: once for each seed."""

from pathlib import Path

import torch

from gailpipe.algorithms.bc.cloning import clone
from gailpipe.algorithms.bc.settings import Bc
from gailpipe.demonstrations.demonstrations import introduce, load_demonstrations
from gailpipe.envs.environment import Environment
from gailpipe.foundation.progress import Progress
from gailpipe.foundation.seeding import derive_seed
from gailpipe.policies.policy import make_policy
from gailpipe.training.checkpoint import Checkpoint
from gailpipe.training.metrics import learning_curves, show_on
from gailpipe.training.seeds import Learned, Run, train_seeds


def learn_bc(environment: Environment, demonstrations: Path, settings: Bc, seed: int, out: Path) -> None:
    """Clone the demonstrations in a file with all seeds, and make the directory `out` of the policies.

    Raises:
        UserError: The demonstrations will not do, something else is at `out`, or a run failed: names its seed.
    """
    introduce("bc", demonstrations, environment, settings.trajs)
    train_seeds(BcRun("bc", environment, demonstrations, settings, seed), out)


class BcRun(Run[Bc]):
    def __call__(self, index: int, checkpoints: Path) -> Learned:
        environment, settings = self.environment, self.settings
        demonstrations = load_demonstrations(self.demonstrations, environment, settings.trajs)
        generator = torch.Generator().manual_seed(derive_seed(self.seed, self.algorithm, environment.name, index))
        policy = make_policy(environment, settings.hidden_sizes, settings.initial_log_std, generator)
        checkpoint = Checkpoint(checkpoints / "cloning")
        with Progress(f"{self.algorithm} {environment.name} seed {index}", settings.steps, position=index) as progress:
            show = show_on(progress, checkpoint, "step")
            for metrics in clone(policy, demonstrations, settings, generator, checkpoint):
                show(metrics)
        return Learned(policy, learning_curves(checkpoint), {})
