"""EnvPool with those families of environments alone of which `agreement` names some."""

import importlib
import sys
from types import ModuleType

FAMILIES = ("box2d", "classic_control", "mujoco.gym", "mujoco.robotics", "toy_text")
ALL_FAMILIES = "envpool.entry"  # which the package loads, and matplotlib with it: ten times the time, and 100 MB


def _load() -> ModuleType:
    if "envpool" in sys.modules:
        return sys.modules["envpool"]
    sys.modules[ALL_FAMILIES] = ModuleType(ALL_FAMILIES)
    try:
        package = importlib.import_module("envpool")
        for family in FAMILIES:
            importlib.import_module(f"envpool.{family}.registration")
    finally:
        del sys.modules[ALL_FAMILIES]  # so that whoever imports it has the others, too
    return package


envpool = _load()
