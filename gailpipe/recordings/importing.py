"""A user's recording becomes the demonstrations that learners read."""

import sys
from pathlib import Path

from gailpipe.demonstrations.trajectories import share_ended_early, summary, trajectories_of
from gailpipe.envs.environment import Environment
from gailpipe.foundation.tables import write_table
from gailpipe.recordings.check import check_recording
from gailpipe.recordings.read import find_recording, read_recording


def import_recording(recording: str, environment: Environment, clip: bool, out: Path) -> None:
    """Read a recording of any known format, check it, and write all its pairs as the Parquet file `out`.

    Args:
        recording: A path, or the name of a dataset that Minari keeps.
        environment: Whose pairs they are.
        clip: Whether actions beyond their bounds are clipped, and not refused.
        out: Appears whole or not at all.

    Raises:
        UserError: The recording is missing, of no known format, damaged, or of another environment.
    """
    path = find_recording(recording)
    table = check_recording(path, read_recording(path, environment), environment, clip)
    write_table(table, out)
    trajectories = trajectories_of(table)
    early = share_ended_early(trajectories, environment.max_episode_steps)
    ends = "unknown ends" if early is None else f"{early:.0%} end before the time limit"
    print(f"{environment.name}: {summary(trajectories)}, {ends}", file=sys.stderr, flush=True)
