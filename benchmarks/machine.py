"""What a benchmark ran on."""

import platform
from importlib.metadata import version
from pathlib import Path

from gailpipe.foundation.processes import available_cores

PACKAGES = ("torch", "envpool", "mujoco", "gymnasium")


def describe_machine() -> str:
    """Return a sentence with the processor, the cores that may be used, and the versions of what computes."""
    cores = available_cores()
    versions = ", ".join(f"{package} {version(package)}" for package in PACKAGES)
    return f"{_processor()}, {cores} core{'s' if cores > 1 else ''}; Python {platform.python_version()}, {versions}."


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
