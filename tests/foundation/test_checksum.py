"""Files that say themselves whether they were damaged."""

import random
from pathlib import Path

import polars as pl
import pytest
import torch

from gailpipe.envs.environment import find_environment
from gailpipe.foundation.checksum import NO_CHECKSUM, is_intact, with_checksum
from gailpipe.foundation.errors import UserError
from gailpipe.foundation.tables import read_table, write_table
from gailpipe.policies.policy import make_policy
from gailpipe.policies.policy_file import load_policy, policy_bytes


def test_the_checksum_is_the_digest_of_the_file_with_zeros_in_its_place() -> None:
    content = with_checksum(b"before " + NO_CHECKSUM.encode() + b" after")
    digest = "6d2972196b7841927f9cf0819d14058c56214a87167b8f7402a0c3a3b8d69e9f"
    assert content == f"before gailpipe-sha256:{digest} after".encode()
    assert is_intact(content)


def test_what_has_no_checksum_is_taken_as_it_is() -> None:
    assert is_intact(b"somebody's own demonstrations")


@pytest.fixture
def policy_file(tmp_path: Path) -> Path:
    policy = make_policy(find_environment("CartPole-v1"), [8], 0, torch.Generator().manual_seed(0))
    (tmp_path / "policy").write_bytes(policy_bytes(policy))
    return tmp_path / "policy"


@pytest.fixture
def table_file(tmp_path: Path) -> Path:
    values = torch.randn(500, 3, generator=torch.Generator().manual_seed(0)).numpy()
    write_table(pl.DataFrame({"step": range(500), "observation": values}), tmp_path / "table")
    return tmp_path / "table"


@pytest.mark.parametrize("kind", ["policy", "table"])
def test_a_file_with_one_wrong_bit_is_refused_or_holds_the_same(kind: str, request: pytest.FixtureRequest) -> None:
    path: Path = request.getfixturevalue(f"{kind}_file")
    whole, generator = path.read_bytes(), random.Random(0)
    original, refusals = contents(kind, path), list[str]()
    for _ in range(300):
        damaged = bytearray(whole)
        damaged[generator.randrange(len(whole))] ^= 1 << generator.randrange(8)
        path.write_bytes(bytes(damaged))
        try:
            assert contents(kind, path) == original
        except UserError as error:
            refusals.append(str(error))
    assert len(refusals) > 280
    for refusal in refusals:
        assert refusal.startswith(f"{path}: is ")
        assert "remove it, and `dvc checkout` restores" in refusal


@pytest.mark.parametrize("kind", ["policy", "table"])
def test_a_truncated_file_is_refused(kind: str, request: pytest.FixtureRequest) -> None:
    path: Path = request.getfixturevalue(f"{kind}_file")
    whole = path.read_bytes()
    for length in range(0, len(whole), len(whole) // 20):
        path.write_bytes(whole[:length])
        with pytest.raises(UserError, match="damaged; remove it, and `dvc checkout` restores"):
            contents(kind, path)


def contents(kind: str, path: Path) -> str:
    if kind == "table":
        return repr(read_table(path, ["observation"]).rows())
    return repr([(name, tensor.tolist()) for name, tensor in load_policy(path).state_dict().items()])
