"""Any params.yaml is accepted, or refused in a sentence that names the key."""

import json
from argparse import Namespace
from collections.abc import Callable, Iterator
from copy import deepcopy
from io import StringIO
from pathlib import Path
from shutil import rmtree
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from gailpipe.foundation.errors import UserError
from gailpipe.foundation.params import load_envs, load_section
from gailpipe.pipeline.check import COMMON_SECTIONS, SECTIONS_OF_AN_ENV
from stages import validate
from tests.workspace import tiny_params

PARAMS = tiny_params()
PARAMS["envs"]["CartPole-v1"]["gail"] = {"causal_entropy": 0.1, "discriminator": {"steps": 2}}
PARAMS["envs"]["CartPole-v1"] |= {"max_episode_steps": 100, "kwargs": {"sutton_barto_reward": False}}
PARAMS["recordings"]["Pendulum-v1"] = {"path": "recorded.npz", "clip": True}
del PARAMS["experts"]["Pendulum-v1"]
KeyPath = tuple[str, ...]
Mutation = Callable[[dict[str, Any]], None]

fuzz = settings(deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])


def key_paths(section: dict[str, Any], above: KeyPath = ()) -> Iterator[KeyPath]:
    for key, value in section.items():
        yield (*above, key)
        if isinstance(value, dict):
            yield from key_paths(value, (*above, key))


PATHS = list(key_paths(PARAMS))
WORDS = st.text("abcdefghijklmnopqrstuvwxyz_-.0123456789 ", min_size=1, max_size=12)
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.integers(-3, 3), st.floats(), st.floats(0, 1), WORDS)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3), max_leaves=4
)


def place_of(params: dict[str, Any], path: KeyPath) -> dict[str, Any]:
    for key in path[:-1]:
        params = params[key]
    return params


@st.composite
def mutated(draw: st.DrawFn) -> tuple[dict[str, Any], set[str]]:
    """Return params with one change, and the keys that it is about."""
    params, path = deepcopy(PARAMS), draw(st.sampled_from(PATHS))
    place, key = place_of(params, path), path[-1]
    match draw(st.sampled_from(["replace", "replace", "replace", "remove", "rename", "add"])):
        case "replace":
            place[key] = draw(VALUES)
        case "remove":
            del place[key]
        case "rename":
            new = draw(WORDS)
            place[new] = place.pop(key)
            return params, {key, new}
        case "add":
            new = draw(WORDS)
            place[new] = draw(VALUES)
            return params, {new}
    return params, {key}


def outcome(text: str, folder: Path) -> str | None:
    """Return what validation refuses a params.yaml with this text for; None if it is accepted."""
    params, out = folder / "params.yaml", folder / "validated"
    params.write_text(text, encoding="utf-8")
    (folder / "recorded.npz").touch()
    rmtree(out, ignore_errors=True)
    try:
        validate.main(Namespace(params=params, out=out))
    except UserError as error:
        assert not out.exists()
        return str(error)
    assert {path.stem for path in out.iterdir()} == set(load_envs(params))
    for section, model in COMMON_SECTIONS.items():
        load_section(params, model, section)
    for environment in load_envs(params):
        assert json.loads((out / f"{environment}.json").read_text())["id"]
        for section, model in SECTIONS_OF_AN_ENV.items():
            load_section(params, model, section, environment)
    return None


def test_the_params_that_are_mutated_are_accepted(tmp_path: Path) -> None:
    assert outcome(as_yaml(PARAMS), tmp_path) is None


@settings(fuzz, max_examples=300)
@given(mutated())
def test_a_changed_value_or_key_is_accepted_or_named(tmp_path: Path, mutation: tuple[dict[str, Any], set[str]]) -> None:
    params, keys = mutation
    refusal = outcome(as_yaml(params), tmp_path)
    if refusal is not None:
        assert "\n" not in refusal
        assert any(key in refusal.removeprefix(str(tmp_path)) for key in keys), refusal


@settings(fuzz, max_examples=100)
@given(st.data())
def test_a_damaged_text_is_accepted_or_refused_in_a_sentence(tmp_path: Path, data: st.DataObject) -> None:
    text = as_yaml(PARAMS)
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(text)))
        inserted = data.draw(st.text(st.characters(codec="utf-8"), max_size=4))
        text = text[:start] + inserted + text[start + data.draw(st.integers(0, 5)) :]
    refusal = outcome(text, tmp_path)
    assert refusal is None or "\n" not in refusal


@pytest.mark.parametrize("text", ["[" * 5000, "seed: " + "9" * 5000, "a: &a [*a]"])
def test_malicious_yaml_is_refused_in_a_sentence(tmp_path: Path, text: str) -> None:
    refusal = outcome(text, tmp_path)
    assert refusal is not None
    assert refusal.startswith(f"{tmp_path / 'params.yaml'}: ")


def as_yaml(params: dict[str, Any]) -> str:
    yaml, text = YAML(typ="safe"), StringIO()
    yaml.default_flow_style = False
    yaml.dump(params, text)
    return text.getvalue()
