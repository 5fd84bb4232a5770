"""gailpipe as a library: what it offers, and how little that takes."""

import doctest
import re
import subprocess
import sys
import tomllib

import grimp
import pytest

import gailpipe
from tests.workspace import ROOT, Workspace

NEEDED = {"gymnasium", "numpy", "polars", "safetensors", "torch"}


def test_the_library_imports_nothing_but_its_own_dependencies() -> None:
    graph = grimp.build_graph(
        "gailpipe", include_external_packages=True, exclude_type_checking_imports=True, cache_dir=None
    )
    stored_grid_alone = {"importer": "gailpipe.policies.policy_file", "imported": "gailpipe.envs.environment"}
    graph.remove_import(**stored_grid_alone)
    modules = {getattr(gailpipe, name).__module__ for name in gailpipe.__all__}
    imported = {name for module in modules for name in graph.find_upstream_modules(module)}
    packages = {name for name in imported if "." not in name} - set(sys.stdlib_module_names) - {"gailpipe"}
    assert packages == NEEDED
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert {re.split("[<>=]", dependency)[0] for dependency in project["dependencies"]} == NEEDED


def test_the_library_loads_without_the_packages_of_the_pipeline() -> None:
    missing = "dict.fromkeys(['pydantic', 'pydantic_core', 'ruamel', 'ruamel.yaml', 'filelock', 'tqdm', 'envpool'])"
    code = f"import sys; sys.modules.update({missing}); from gailpipe import {', '.join(gailpipe.__all__)}"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


def test_the_examples_of_the_library_say_what_happens(finished: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(finished.root)
    finder, runner = doctest.DocTestFinder(), doctest.DocTestRunner()
    for name in gailpipe.__all__:
        function = getattr(gailpipe, name)
        (example,) = finder.find(function, name, globs={name: function})
        assert example.examples
        runner.run(example)
    assert runner.failures == 0
