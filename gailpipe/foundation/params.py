"""What all sections share: strict, frozen models, and how an environment's section comes out of params.yaml."""

import difflib
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, TypeVar, cast

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from gailpipe.foundation.errors import UserError

PositiveFraction = Annotated[float, Field(gt=0, le=1)]
PositiveFloat = Annotated[float, Field(gt=0)]
NonNegativeFloat = Annotated[float, Field(ge=0)]


class Section(BaseModel):
    """A part of params.yaml. Every key must be there, no other key may be, and no number is coerced from text."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


OF_AN_EXPERT = ("expert", "sample")

SectionType = TypeVar("SectionType", bound=Section)


def load_section(
    path: Path, model: type[SectionType], section: str, env: str | None = None, assignments: Sequence[str] = ()
) -> SectionType:
    """Read and validate `section` of params.yaml; for an environment, with what is said otherwise of it.

    That stands in `envs.ENV.SECTION`; for an expert and its sampling in `experts.ENV.SECTION`, and for the import of a
    recording in `recordings.ENV`.

    Args:
        path: params.yaml.
        model: What the section must be.
        section: Its key.
        env: A key of `envs`.
        assignments: KEY=VALUE each, from the command line; they come before all that the file says.

    Raises:
        UserError: Names the first key that is wrong, and what would be right.
    """
    settings, different, assigned = _parts_of_section(path, section, env, assignments)
    try:
        return model.model_validate(merge(merge(settings, different), assigned))
    except ValidationError as error:
        details = error.errors()[0]
        keys = [str(key) for key in details["loc"]]
        if keys and _has(assigned, keys):
            place = f"--set {'.'.join(keys)}"
        else:
            above = _place_of_env(section, env) if env and different and _has(different, keys) else (section,)
            place = f"{path}: {'.'.join([*above, *keys])}"
        raise UserError(f"{place}: {describe(details, model)}") from error


def read_section(path: Path, section: str, env: str | None, assignments: Sequence[str]) -> dict[str, Any]:
    """Read what `load_section` validates.

    Raises:
        UserError: There is no such section.
    """
    settings, different, assigned = _parts_of_section(path, section, env, assignments)
    return merge(merge(settings, different), assigned)


def load_env(path: Path, model: type[SectionType], env: str) -> SectionType:
    """Read and validate those keys of `envs.ENV` that belong to `model`.

    Raises:
        UserError: Names the first key that is wrong, and what would be right.
    """
    entry = _difference(path, read_params(path), "envs", env)
    try:
        return model.model_validate({key: value for key, value in entry.items() if key in model.model_fields})
    except ValidationError as error:
        details = error.errors()[0]
        place = ".".join(["envs", env, *map(str, details["loc"])])
        raise UserError(f"{path}: {place}: {describe(details, model)}") from error


def load_seed(path: Path) -> int:
    """Return the seed that every generator is derived from."""
    seed = read_params(path).get("seed")
    if not isinstance(seed, int) or isinstance(seed, bool) or seed < 0:
        raise UserError(f"{path}: seed: {seed!r}: must be an integer from 0")
    return seed


def load_envs(path: Path) -> list[str]:
    """Return the environments, the keys of `envs`, in their order."""
    return list(_mapping(path, read_params(path), "envs"))


def read_params(path: Path) -> dict[str, Any]:
    """Read params.yaml as YAML 1.2, as DVC does.

    Raises:
        UserError: The file is missing, is not YAML, or holds no mapping.
    """
    try:
        document = _parse(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: can't be read: {error}") from error
    except (YAMLError, ValueError, RecursionError) as error:
        raise UserError(f"{path}: is not valid YAML: {' '.join(str(error).split())}") from error
    if not isinstance(document, dict):
        raise UserError(f"{path}: must be a mapping from section to settings")
    return document


@lru_cache(maxsize=2)  # params.yaml and sets.yaml
def _parse(text: str) -> Any:
    return YAML(typ="safe", pure=True).load(text)


def merge(common: Any, different: Any) -> Any:
    """Return `common` with what `different` says otherwise, key by key."""
    if not (isinstance(common, Mapping) and isinstance(different, Mapping)):
        return different
    return {**common, **{key: merge(common.get(key), value) for key, value in different.items()}}


def require_known(
    path: Path, keys: Iterable[Any], required: Iterable[str], optional: Iterable[str] = (), place: str = ""
) -> None:
    """Check that all `keys` found at `place` in params.yaml are known, and all required ones there.

    Raises:
        UserError: Names the first key that is not, or is missing.
    """
    keys, required = list(keys), list(required)
    known = [*required, *optional]
    for key in keys:
        if key not in known:
            near = _nearest(str(key), required) or _nearest(str(key), known)
            raise UserError(f"{path}: {place}{key}: is no known key{near}")
    for key in required:
        if key not in keys:
            raise UserError(f"{path}: {place}{key}: is missing{'; write {} where nothing differs' if place else ''}")


def _parts_of_section(
    path: Path, section: str, env: str | None, assignments: Sequence[str]
) -> tuple[Mapping[str, Any], Mapping[str, Any], Any]:
    """Return a section, what an environment has otherwise, and what the command line says."""
    document = read_params(path)
    settings = _mapping(path, document, section)
    different = {} if env is None else _difference(path, document, *_place_of_env(section, env))
    assigned: Any = {}
    for assignment in assignments:
        assigned = merge(assigned, _assigned(assignment))
    return settings, different, assigned


def _assigned(assignment: str) -> Any:
    """Return what KEY=VALUE says, the value in YAML, as a mapping; a dot in the key goes one level down."""
    keys, equals, value = assignment.partition("=")
    if not equals or not all(keys.split(".")):
        raise UserError(f"--set {assignment}: must be KEY=VALUE, such as trajs=10")
    try:
        settings = YAML(typ="safe", pure=True).load(value)
    except (YAMLError, ValueError, RecursionError) as error:
        raise UserError(f"--set {assignment}: is not valid YAML: {' '.join(str(error).split())}") from error
    for key in reversed(keys.split(".")):
        settings = {key: settings}
    return settings


def _place_of_env(section: str, env: str) -> tuple[str, ...]:
    """Return the keys below which stands what an environment has otherwise than a section."""
    if section == "import":
        return "recordings", env
    return "experts" if section in OF_AN_EXPERT else "envs", env, section


def _mapping(path: Path, document: Mapping[str, Any], *keys: str) -> Mapping[str, Any]:
    place: Any = document
    for depth, key in enumerate(keys, start=1):
        place = place.get(key)
        if not isinstance(place, Mapping):
            state = "is missing" if place is None else f"{place!r}: must be a mapping"
            raise UserError(f"{path}: {'.'.join(keys[:depth])}: {state}")
    return place


def _difference(path: Path, document: Mapping[str, Any], *keys: str) -> Mapping[str, Any]:
    """Return the mapping at `keys`, empty where it is missing: nothing differs there."""
    place: Any = document
    for depth, key in enumerate(keys, start=1):
        if key not in place:
            return {}
        place = _mapping(path, document, *keys[:depth])
    return place


def _has(place: Any, keys: list[str]) -> bool:
    """Tell whether `place` says what is at `keys`, of which the last ones may be the places in a list."""
    for key in keys:
        if not isinstance(place, Mapping):
            return True
        if key not in place:
            return False
        place = place[key]
    return True


def describe(details: ErrorDetails, model: type[Section]) -> str:
    """Say what Pydantic found wrong with a `model`."""
    match details["type"]:
        case "missing":
            return "is missing"
        case "extra_forbidden":
            *above, key = details["loc"]
            for name in above:
                model = cast(type[Section], model.model_fields[str(name)].annotation)
            return f"is no known key{_nearest(str(key), list(model.model_fields))}"
        case "value_error":
            return details["msg"].removeprefix("Value error, ")
        case _:
            return f"{details['input']!r}: {details['msg'][:1].lower()}{details['msg'][1:]}"


def _nearest(name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    return f"; did you mean {near[0]}?" if near else ""
