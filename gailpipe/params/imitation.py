"""Settings of whatever imitates by TRPO on a reward made from demonstrations: GAIL, FEM and GTAL."""

from pydantic import PositiveInt

from gailpipe.params.training import Training


class Imitation(Training):
    """TRPO on a reward that follows the policy."""

    trajs: PositiveInt
    """Size of the demonstration set."""
    seeds: PositiveInt
    """Runs that differ in nothing else."""
    episodes_end_on_success: bool
    """Decides the reward's sign: never positive where an episode ends on success, never negative elsewhere."""
