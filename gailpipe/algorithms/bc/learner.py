"""Behavioural cloning as a learner of its own: once for each seed."""

from pathlib import Path

from gailpipe.algorithms.bc.cloning import clone
from gailpipe.algorithms.bc.settings import Bc
from gailpipe.demonstrations.demonstrations import introduce, load_demonstrations
from gailpipe.envs.environment import Environment
from gailpipe.policies.policy import make_policy
from gailpipe.training.checkpoint import Checkpoint
from gailpipe.training.metrics import follow, learning_curves
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
        generator = self.generator(index)
        policy = make_policy(environment, settings.hidden_sizes, settings.initial_log_std, generator)
        checkpoint = Checkpoint(checkpoints / "cloning")
        training = clone(policy, demonstrations, settings, generator, checkpoint)
        follow(training, self.name, settings.steps, "step", checkpoint, index)
        return Learned(policy, learning_curves(checkpoint), {})
