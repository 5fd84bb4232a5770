"""Settings of the demonstrations."""

from typing import Annotated

from pydantic import Field, PositiveInt

from gailpipe.foundation.params import Section


class Sample(Section):
    """How many trajectories of the expert are kept, and which of their steps."""

    trajs: PositiveInt
    every: PositiveInt
    """The subsampling interval: every `every`-th step is kept, from a random start."""


class EveryImport(Section):
    """What holds for all recordings that say nothing else."""

    clip: bool
    """Whether actions beyond their bounds are moved to them; else they are refused."""


class Import(EveryImport):
    """A recording, and how it becomes demonstrations."""

    path: Annotated[str, Field(min_length=1)]
    """The file."""
