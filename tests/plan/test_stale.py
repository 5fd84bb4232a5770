"""What is out of date, and how often DVC reads for that."""

import os
from pathlib import Path
from typing import Any

import pytest
from dvc.dependency import param
from dvc.fs import LocalFileSystem
from dvc.rwlock import RWLockFileCorruptedError

from gailpipe.foundation.errors import UserError
from gailpipe.plan.stale import parsed_once
from gailpipe.review.rwlock import named_lock


def test_a_file_of_locks_that_is_torn_meanwhile_is_said() -> None:
    with pytest.raises(UserError, match="JSON structure is corrupted; run this again, which mends it"), named_lock():
        raise RWLockFileCorruptedError("rwlock")


def test_a_version_of_params_is_parsed_once_and_whoever_has_it_may_change_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, parsed = tmp_path / "params.yaml", []
    parse, fs = param.load_path, LocalFileSystem()

    def load_path(path: str, fs: LocalFileSystem) -> Any:
        parsed.append(path)
        return parse(path, fs)

    monkeypatch.setattr(param, "load_path", load_path)
    path.write_text("gail: {seeds: 1}")
    with parsed_once():
        first = param.read_param_file(fs, str(path), ["gail"], flatten=True)
        first["gail"]["seeds"] = 5
        assert param.read_param_file(fs, str(path), ["gail"], flatten=True) == {"gail": {"seeds": 1}}
        assert len(parsed) == 1
        path.write_text("gail: {seeds: 2}")
        os.utime(path, ns=(0, 1))
        assert param.read_param_file(fs, str(path), ["gail"], flatten=True) == {"gail": {"seeds": 2}}
    assert param.load_path is load_path
