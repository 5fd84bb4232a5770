"""Which policies are judged."""

from pathlib import Path

import pytest

from gailpipe.evaluation.candidates import find_candidates
from gailpipe.foundation.errors import UserError


def test_candidates_are_the_random_policy_the_expert_and_every_seed_and_nothing_beside_them(tmp_path: Path) -> None:
    for name in ("seed-0", "seed-10", "seed-2", "seed-0-discriminator", "seed-0-critic2"):
        (tmp_path / f"{name}.safetensors").touch()
    random, *others = find_candidates(Path("expert.safetensors"), {"gail": tmp_path})
    assert (random.policy, random.mode, random.file) == ("random", "stochastic", None)
    modes = ("deterministic", "stochastic")
    assert [(one.policy, one.seed, one.mode, one.file) for one in others] == [
        *[("expert", None, mode, Path("expert.safetensors")) for mode in modes],
        *[("gail", seed, mode, tmp_path / f"seed-{seed}.safetensors") for seed in (0, 2, 10) for mode in modes],
    ]


def test_a_directory_without_policies_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=f"{tmp_path}: holds no policies"):
        find_candidates(Path("expert.safetensors"), {"bc": tmp_path})
