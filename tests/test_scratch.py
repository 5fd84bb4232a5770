"""Where unfinished work is kept: who finds it again, and when it is gone."""

import os
import shutil
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from gailpipe.foundation.errors import UserError
from gailpipe.foundation.scratch import SCRATCH, digest, scratch
from tests.workspace import ROOT


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def interrupted_folder(work: str, parameters: object, inputs: tuple[Path, ...] = ()) -> Path:
    with suppress(KeyboardInterrupt), scratch(work, parameters, inputs) as folder:
        (folder / "checkpoint").touch()
        raise KeyboardInterrupt
    return folder


def test_interrupted_work_is_kept_for_the_same_work_alone() -> None:
    demonstrations = Path("demonstrations")
    demonstrations.write_text("one")
    folder = interrupted_folder("gail", {"steps": 1}, (demonstrations,))
    assert (folder / "checkpoint").exists()
    assert interrupted_folder("gail", {"steps": 1}, (demonstrations,)) == folder
    demonstrations.write_text("two")
    others = {
        interrupted_folder("bc", {"steps": 1}, (demonstrations,)),
        interrupted_folder("gail", {"steps": 2}, (demonstrations,)),
        interrupted_folder("gail", {"steps": 1}, (demonstrations,)),
        interrupted_folder("gail", {"steps": 1}),
        folder,
    }
    assert len(others) == 5


def test_finished_work_leaves_nothing() -> None:
    with scratch("gail", {}) as folder:
        (folder / "checkpoint").touch()
    assert list(SCRATCH.iterdir()) == []


def test_work_that_never_began_leaves_nothing() -> None:
    with pytest.raises(UserError), scratch("gail", {}):
        raise UserError("the demonstrations are of another task")
    assert list(SCRATCH.iterdir()) == []


def test_a_missing_input_is_named() -> None:
    with (
        pytest.raises(UserError, match=r"^none\.parquet: there is no such file"),
        scratch("gail", {}, [Path("none.parquet")]),
    ):
        pass


def test_a_changed_line_of_loaded_code_is_other_work(tmp_path: Path) -> None:
    def printed_digest() -> str:
        code = "from gailpipe.foundation.scratch import digest; print(digest({}, []))"
        (tmp_path / "stage.py").write_text(code)
        environment = os.environ | {"PYTHONPATH": str(tmp_path)}
        return subprocess.check_output([sys.executable, "stage.py"], env=environment, text=True)

    shutil.copytree(ROOT / "gailpipe", tmp_path / "gailpipe")
    before = printed_digest()
    assert printed_digest() == before
    (tmp_path / "gailpipe" / "foundation" / "seeding.py").write_text("# not loaded\n")
    assert printed_digest() == before
    with (tmp_path / "gailpipe" / "foundation" / "errors.py").open("a") as file:
        file.write("# a comment\n")
    assert printed_digest() != before


def test_the_digest_tells_the_libraries_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    before = digest({}, [])
    monkeypatch.setattr("gailpipe.foundation.scratch.version", lambda name: f"new {name}")
    assert digest({}, []) != before


HOLDER = """
import sys, time
from gailpipe.foundation import scratch
scratch.digest = lambda *_: "key"
with scratch.scratch("gail", {}) as folder:
    (folder / "checkpoint").touch()
    print("ready", flush=True)
    time.sleep(float(sys.argv[1]))
print("done", time.monotonic())
"""


def hold(seconds: float) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(seconds)],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_second_process_at_the_same_work_waits_for_the_first() -> None:
    first = hold(3)
    assert first.stdout is not None
    assert first.stdout.readline() == "ready\n"
    second = hold(0)
    outputs = [process.communicate(timeout=60) for process in (first, second)]
    assert outputs[1][1] == "gail: waiting for another process that is at the same work\n"
    ends = [float(output.split()[-1]) for output, _ in outputs]
    assert ends[0] < ends[1]


def test_work_whose_parent_died_is_kept_for_who_asks_again() -> None:
    parent = subprocess.Popen(
        ["sh", "-c", f'{sys.executable} -c "$0" 2 & sleep 1', HOLDER],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )
    output, _ = parent.communicate(timeout=60)
    assert "done" in output
    assert (SCRATCH / "gail-key" / "checkpoint").exists()
