"""The house: imports go down, and a stage depends on the code that it imports, and on no room that it does not."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

import grimp
import pytest
from ruamel.yaml import YAML

from gailpipe.algorithms.catalogue import LEARNERS
from gailpipe.foundation.params import OF_AN_EXPERT
from tests.workspace import ROOT

FLOORS = [
    "stages",
    "watch",
    "cluster",
    "plan",
    "review",
    "pipeline",
    "export",
    "theory",
    "report",
    "films",
    "grid",
    "evaluation",
    "algorithms",
    "rl",
    "rewards",
    "recordings",
    "demonstrations",
    "training",
    "policies",
    "envs",
    "foundation",
]
OUTPUTS = ("outs", "metrics", "plots")
GRAPH = grimp.build_graph("gailpipe", "stages", cache_dir=None)
MODULES = sorted(GRAPH.modules)


def room(module: str) -> str | None:
    """Return the floor that a module is on; None for the package itself, which is the door to all."""
    parts = module.split(".")
    return "stages" if parts[0] == "stages" else (parts[1] if len(parts) > 1 else None)


def source(module: str) -> str:
    path = module.replace(".", "/")
    return f"{path}/__init__.py" if (ROOT / path).is_dir() else f"{path}.py"


def stages() -> dict[str, dict[str, Any]]:
    """Return the stages of both pipelines, by name; before the names of the paper's stands its folder."""
    named: dict[str, dict[str, Any]] = {}
    for folder in ("", "paper/"):
        document = YAML(typ="safe").load(ROOT / folder / "dvc.yaml")
        named |= {f"{folder}{name}": stage.get("do", stage) for name, stage in document["stages"].items()}
    return named


def module(stage: dict[str, Any]) -> str:
    """Return the module that a stage runs."""
    return stage["cmd"].split()[2]


def code_of(stage: dict[str, Any]) -> str:
    return (ROOT / source(module(stage))).read_text()


def code_dependencies(stage: dict[str, Any]) -> list[PurePosixPath]:
    return [PurePosixPath(path) for path in stage["deps"] if path.startswith(("gailpipe/", "stages/"))]


@pytest.mark.parametrize("module", MODULES)
def test_imports_go_down(module: str) -> None:
    upstairs = room(module)
    if upstairs is None:
        return
    for imported in GRAPH.find_modules_directly_imported_by(module):
        downstairs = room(imported)
        assert downstairs is not None, f"{module} imports the package's door"
        assert FLOORS.index(downstairs) >= FLOORS.index(upstairs), f"{module} imports {imported}, which is above it"


def test_every_room_has_its_floor() -> None:
    assert {room(module) for module in MODULES} - {None} == set(FLOORS)


def test_there_is_no_circle_of_imports() -> None:
    for module in MODULES:
        for imported in GRAPH.find_modules_directly_imported_by(module):
            assert not GRAPH.find_shortest_chain(imported, module), f"{module} and {imported} import each other"


@pytest.mark.parametrize("name", ["gailpipe", "stages"])
def test_the_papers_stages_run_the_same_code(name: str) -> None:
    assert (ROOT / "paper" / name).readlink() == Path("..") / name


def test_every_module_of_a_stage_is_run() -> None:
    modules = {f"stages.{path.stem}" for path in (ROOT / "stages").glob("*.py")} - {"stages.__init__"}
    assert {module(stage) for stage in stages().values()} == modules


@pytest.mark.parametrize("name", stages())
def test_a_stage_depends_on_all_the_code_that_it_imports_and_on_no_other_room(name: str) -> None:
    stage = stages()[name]
    dependencies = code_dependencies(stage)
    closure = {source(module(stage))}
    closure |= {source(imported) for imported in GRAPH.find_upstream_modules(module(stage))}
    for path in closure:
        covered = any(PurePosixPath(path).is_relative_to(dependency) for dependency in dependencies)
        assert covered, f"dvc.yaml: {name} lacks the dependency {path}"
    for dependency in dependencies:
        used = any(PurePosixPath(path).is_relative_to(dependency) for path in closure)
        assert used, f"dvc.yaml: {name} does not import {dependency}"


@pytest.mark.parametrize("name", stages())
def test_a_stage_depends_on_whole_rooms_and_not_on_many(name: str) -> None:
    dependencies = code_dependencies(stages()[name])
    assert [path for path in dependencies if path.suffix] == [PurePosixPath(source(module(stages()[name])))]
    assert len(dependencies) <= 14


@pytest.mark.parametrize("name", stages())
def test_a_stages_command_names_its_dependencies_and_outputs(name: str) -> None:
    stage = stages()[name]
    paths = re.findall(r"[^\s=]+/\S+", stage["cmd"].split(" --", 1)[1])
    outputs = [
        *(path for kind in OUTPUTS for out in stage.get(kind, []) for path in ([out] if isinstance(out, str) else out)),
    ]
    parameters = [path for params in stage.get("params", []) if isinstance(params, dict) for path in params]
    known = [PurePosixPath(path) for path in (*stage["deps"], *outputs, *parameters)]
    for path in map(PurePosixPath, paths):
        assert any(path.is_relative_to(other) or other.is_relative_to(path) for other in known), (
            f"dvc.yaml: {name}: {path} is no dependency or output, and holds none"
        )


PLACES = {section: f"experts.ENV.{section}" for section in OF_AN_EXPERT} | {"import": "recordings.ENV"}
LOADED = re.compile(r'load_section\(arguments\.params, \w+, "(\w+)"(, arguments\.env)?')


@pytest.mark.parametrize("name", [name for name, stage in stages().items() if LOADED.search(code_of(stage))])
def test_a_stage_depends_on_the_parameters_that_it_loads_and_on_no_others(name: str) -> None:
    stage = stages()[name]
    expected = {"seed"} if "load_seed(" in code_of(stage) else set()
    for section, of_environment in LOADED.findall(code_of(stage)):
        expected |= {section, PLACES.get(section, f"envs.ENV.{section}")} if of_environment else {section}
    params, deps = (
        {re.sub(r"\$\{(key|item\.env)\}", "ENV", key) for key in stage[kind]} for kind in ("params", "deps")
    )
    assert params == expected
    assert ("data/validated/ENV.json" in deps) == ("--env" in stage["cmd"])


def test_what_a_variants_stage_sets_is_what_others_know_of_it() -> None:
    for name in stages()["evaluate"]["matrix"]["learner"]:
        assert re.findall(r"--set (\S+)", stages()[name]["cmd"]) == [*LEARNERS[name].assigned]


def test_the_reports_depend_on_the_parameters_that_they_load() -> None:
    learners = {LEARNERS[name].section for name in stages()["evaluate"]["matrix"]["learner"]}
    assert {*stages()["report"]["params"]} == {"report", "occupancy", "envs", *learners}
    assert stages()["paper/report"]["params"] == [{"params.yaml": None}, {"sets.yaml": None}]  # all of them


def test_no_stage_but_these_hides_the_parameters_that_it_loads() -> None:
    hidden = [name for name, stage in stages().items() if not LOADED.search(code_of(stage))]
    assert hidden == ["validate", "report", "paper/validate", "paper/report"]


@pytest.mark.parametrize("stage", ["validate", "sample", "bc", "evaluate", "occupancy", "film", "report"])
def test_only_stages_that_train_in_environments_load_envpool(stage: str) -> None:
    assert "gailpipe.envs.vector_env" not in GRAPH.find_upstream_modules(f"stages.{stage}")


@pytest.mark.parametrize(
    "loaded", ["gailpipe", "gailpipe.pipeline.check", "gailpipe.envs.environment", "gailpipe.report.build"]
)
def test_what_computes_nothing_loads_no_torch(loaded: str) -> None:
    code = f"import sys, {loaded}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


@pytest.mark.parametrize("file", sorted({*ROOT.glob("gailpipe/*/__init__.py"), ROOT / "stages" / "__init__.py"}))
def test_doors_hold_a_docstring_alone_so_that_no_stage_depends_on_them(file: Path) -> None:
    (statement,) = ast.parse(file.read_text()).body
    assert isinstance(statement, ast.Expr)


def words_of(file: Path) -> Iterator[str]:
    """Yield the names in a module's code, and its strings but for docstrings, which nothing reads."""
    tree = ast.parse(file.read_text())
    texts = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        match node:
            case ast.Constant(value=str(text)) if id(node) not in texts:
                yield text
            case ast.Name(id=name) | ast.arg(arg=name) | ast.keyword(arg=str(name)) | ast.Attribute(attr=name):
                yield name.replace("_", "-")


ROOMS_OF_LEARNERS = [ROOT / "gailpipe" / "algorithms", *(ROOT / "stages" / f"{name}.py" for name in LEARNERS)]


@pytest.mark.parametrize(
    "file",
    sorted(
        path
        for room in ("gailpipe", "stages")
        for path in (ROOT / room).rglob("*.py")
        if not any(path.is_relative_to(room) for room in ROOMS_OF_LEARNERS)
    ),
    ids=lambda file: str(file.relative_to(ROOT)),
)
def test_no_learner_is_named_but_in_its_room_and_in_the_catalogue(file: Path) -> None:
    assert not {*words_of(file)} & {*LEARNERS}


OPENED_AS_CODE = {"cloudpickle", "dill", "joblib", "marshal", "pickle", "shelve"}
OPENED_AS_CODE_BY = {("torch", "load"), ("torch", "save"), ("np", "load"), ("np", "save"), ("pl", "read_pickle")}


@pytest.mark.parametrize(
    "file", sorted(path for room in ("gailpipe", "stages") for path in (ROOT / room).rglob("*.py"))
)
def test_no_file_is_opened_that_can_run_code(file: Path) -> None:
    for node in ast.walk(ast.parse(file.read_text())):
        match node:
            case ast.Import(names=names):
                assert not {name.name.split(".")[0] for name in names} & OPENED_AS_CODE
            case ast.ImportFrom(module=str(module)):
                assert module.split(".")[0] not in OPENED_AS_CODE
            case ast.Attribute(value=ast.Name(id=owner), attr=name):
                assert (owner, name) not in OPENED_AS_CODE_BY
            case ast.Name(id=name):
                assert name not in {"eval", "exec", "__import__"}


def lists(content: bytes) -> bool:
    """Tell whether `content` is a mapping or a sequence in YAML or JSON, as DVC's own files are."""
    return isinstance(YAML(typ="safe").load(content), dict | list)


def test_nothing_in_the_store_can_run_code_where_it_is_read() -> None:
    for path in (ROOT / "data" / "store").rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            safetensors = content[8:].startswith(b'{"__metadata__"')
            parquet = content.startswith(b"PAR1") and content.endswith(b"PAR1")
            film = content[4:8] == b"ftyp" or (content.startswith(b"RIFF") and content[8:12] == b"WEBP")
            page = content.startswith(b"<!doctype html>")  # which only browsers read
            assert safetensors or parquet or film or page or content == b"valid\n" or lists(content), path
