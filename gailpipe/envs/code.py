"""The code of environments of one's own, on which their results depend."""

import hashlib
import sys
from pathlib import Path
from types import ModuleType

import gymnasium

from gailpipe.foundation.errors import UserError

FOLDER = Path("environments")
"""Where such code lies, from where the pipeline runs: DVC watches it."""


def code_digest(name: str, identifier: str, code: str | None, env: gymnasium.Env) -> str | None:
    """Return a digest of the file or package that `envs.NAME.code` names, or None if it names none.

    Raises:
        UserError: It is not there, or not in `FOLDER`; or `env` is made of code in `FOLDER` that is not in it.
    """
    place = f"environment {name}: envs.{name}.code"
    if code is not None and not Path(code).resolve().is_relative_to(FOLDER.resolve()):
        raise UserError(f"{place}: {code}: must be a file or package in {FOLDER}/")
    if code is not None and not Path(code).exists():
        raise UserError(f"{place}: {code}: there is no such file or package")
    for file in _own_files(identifier, env):
        if code is None:
            raise UserError(f"environment {name}: its code has to be named; set envs.{name}.code to {file}")
        if not file.resolve().is_relative_to(Path(code).resolve()):
            raise UserError(
                f"{place}: {code}: is not all of it, which uses {file}; put both in a package, and name that"
            )
    return _digest(Path(code)) if code is not None else None


def _digest(path: Path) -> str:
    found = [path] if path.is_file() else sorted(one for one in path.rglob("*") if one.is_file())
    digest = hashlib.sha256()
    for file in found:
        if "__pycache__" not in file.parts:
            digest.update(f"{file.as_posix()}\0{hashlib.sha256(file.read_bytes()).hexdigest()}\n".encode())
    return digest.hexdigest()


def _own_files(identifier: str, env: gymnasium.Env) -> list[Path]:
    """Return the files in `FOLDER` that an environment, its wrappers and what makes it are made of, with imports."""
    names = {identifier.rpartition(":")[0], *(type(one).__module__ for one in _chain(env))}
    if env.spec is not None:
        entry = env.spec.entry_point
        names.add(entry.partition(":")[0] if isinstance(entry, str) else getattr(entry, "__module__", ""))
    waiting, files = list(names), dict[Path, None]()
    while waiting:
        module = sys.modules.get(waiting.pop())
        file = Path(getattr(module, "__file__", None) or "/").resolve()
        if module is None or not file.is_relative_to(FOLDER.resolve()):
            continue
        own = FOLDER / file.relative_to(FOLDER.resolve())
        if own not in files:
            files[own] = None
            waiting += [_module_of(value) for value in vars(module).values()]
    return sorted(files)


def _chain(env: gymnasium.Env) -> list[gymnasium.Env]:
    """Return an environment and what it wraps."""
    chain = [env]
    while isinstance(chain[-1], gymnasium.Wrapper):
        chain.append(chain[-1].env)
    return chain


def _module_of(value: object) -> str:
    return value.__name__ if isinstance(value, ModuleType) else str(getattr(value, "__module__", ""))
