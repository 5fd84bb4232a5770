"""What a benchmark ran on."""

import platform
from importlib.metadata import version

from gailpipe.foundation.processes import available_cores, processor

PACKAGES = ("torch", "envpool", "mujoco", "gymnasium")


def describe_machine() -> str:
    """Return a sentence with the processor, the cores that may be used, and the versions of what computes."""
    cores = available_cores()
    versions = ", ".join(f"{package} {version(package)}" for package in PACKAGES)
    return f"{processor()}, {cores} core{'s' if cores > 1 else ''}; Python {platform.python_version()}, {versions}."
