"""Where unfinished work is kept: who finds it again, and when it is gone."""

import os
import shutil
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from filelock import FileLock

from gailpipe.foundation.errors import UserError
from gailpipe.foundation.scratch import LOCK, digest, remove_done, root, scratch, state
from tests.workspace import ROOT

OUT = Path("out")


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DVC_ROOT", raising=False)


def interrupted_folder(work: str, parameters: object, inputs: tuple[Path, ...] = ()) -> Path:
    with suppress(KeyboardInterrupt), scratch(work, parameters, inputs, OUT) as folder:
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


def test_finished_work_is_kept_until_its_result_is_on_record() -> None:
    interrupted = interrupted_folder("interrupted", {})
    with scratch("first", {}, [], OUT) as first:
        (first / "checkpoint").touch()
    with scratch("first", {}, [], OUT) as again:
        assert (again / "checkpoint").exists()
    with scratch("second", {}, [], OUT) as second:
        (second / "checkpoint").touch()
    assert set(root().iterdir()) == {interrupted, first, second}
    with FileLock(first / LOCK):  # as by an experiment beside this one
        remove_done()
        assert set(root().iterdir()) == {interrupted, first}
    remove_done()
    assert set(root().iterdir()) == {interrupted}


def test_the_state_of_work_is_known_while_it_lasts_and_after() -> None:
    interrupted = interrupted_folder("interrupted", {})
    with scratch("gail", {}, [], OUT) as folder:
        (folder / "checkpoint").touch()
        assert state(folder) == "runs"
    assert (state(folder), state(interrupted)) == ("is done", "was interrupted")


def test_work_that_never_began_leaves_nothing() -> None:
    with pytest.raises(UserError), scratch("gail", {}, [], OUT):
        raise UserError("the demonstrations are of another environment")
    assert list(root().iterdir()) == []


def test_new_work_wants_a_vacant_place_for_its_result_and_resumed_work_does_not() -> None:
    folder = interrupted_folder("gail", {})
    OUT.mkdir()
    (OUT / "precious").touch()
    with pytest.raises(UserError, match="out: exists already"), scratch("bc", {}, [], OUT):
        pass
    assert list(root().iterdir()) == [folder]
    with scratch("gail", {}, [], OUT):
        pass


def test_experiments_share_the_scratch_of_the_repository_that_they_are_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DVC_ROOT", str(tmp_path / "repository"))
    assert interrupted_folder("gail", {}).is_relative_to(tmp_path / "repository")


def test_a_missing_input_is_named() -> None:
    missing = [Path("none.parquet")]
    with pytest.raises(UserError, match=r"^none\.parquet: there is no such file"), scratch("gail", {}, missing, OUT):
        pass


def test_folders_that_somebody_removed_meanwhile_are_no_error() -> None:
    with scratch("gail", {}, [], OUT):
        shutil.rmtree(root())
    with suppress(KeyboardInterrupt), scratch("gail", {}, [], OUT):
        shutil.rmtree(root())
        raise KeyboardInterrupt


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
from pathlib import Path
from gailpipe.foundation import scratch
scratch.digest = lambda *_: "key"
with scratch.scratch("gail", {}, [], Path("out")) as folder:
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
    assert (root() / "gail-key" / "checkpoint").exists()
    ends = [float(output.split()[-1]) for output, _ in outputs]
    assert ends[0] < ends[1]
