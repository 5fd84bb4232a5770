"""gailpipe as a library: what it offers, and how little that takes."""

import doctest
import re
import sys
import tomllib

import grimp
import pytest

import gailpipe
from tests.workspace import ROOT, Workspace

NEEDED = {"gymnasium", "numpy", "polars", "pydantic", "ruamel.yaml", "safetensors", "torch"}
DISTRIBUTED_IN = {"pydantic_core": "pydantic", "ruamel": "ruamel.yaml"}


def test_the_library_imports_nothing_but_its_own_dependencies() -> None:
    graph = grimp.build_graph("gailpipe", include_external_packages=True, cache_dir=None)
    stored_grid_alone = {"importer": "gailpipe.policies.policy_file", "imported": "gailpipe.envs.environment"}
    graph.remove_import(**stored_grid_alone)
    modules = {getattr(gailpipe, name).__module__ for name in gailpipe.__all__}
    imported = {name for module in modules for name in graph.find_upstream_modules(module)}
    packages = {name for name in imported if "." not in name} - set(sys.stdlib_module_names) - {"gailpipe"}
    assert {DISTRIBUTED_IN.get(name, name) for name in packages} == NEEDED
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert {re.split("[<>=]", dependency)[0] for dependency in project["dependencies"]} == NEEDED


def test_the_examples_of_the_library_say_what_happens(finished: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(finished.root)
    finder, runner = doctest.DocTestFinder(), doctest.DocTestRunner()
    for name in gailpipe.__all__:
        function = getattr(gailpipe, name)
        (example,) = finder.find(function, name, globs={name: function})
        assert example.examples
        runner.run(example)
    assert runner.failures == 0
