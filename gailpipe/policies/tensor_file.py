"""Tensors on disk: safetensors files with a checksum, and a description in the header."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from gailpipe.foundation.checksum import NO_CHECKSUM, RESTORE, read_checked, with_checksum
from gailpipe.foundation.errors import UserError

KEY = "gailpipe"  # the only one, since safetensors keeps several in no fixed order


def tensor_bytes(tensors: Mapping[str, Tensor], description: Mapping[str, Any]) -> bytes:
    """Return the content of a file with `tensors`, and with `description` as JSON takes it."""
    header = json.dumps({**description, "checksum": NO_CHECKSUM})
    return with_checksum(save(dict(tensors), {KEY: header}))


def read_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Read a file's tensors and description.

    Raises:
        UserError: The file is missing, damaged, or of another kind.
    """
    content = read_checked(path)
    try:
        header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
        description = json.loads(header["__metadata__"][KEY])
        if not isinstance(description, dict):
            raise TypeError("the description is no mapping")
        return load(content), description
    except (SafetensorError, ValueError, KeyError, TypeError) as error:
        raise UserError(f"{path}: is no safetensors file of gailpipe, or is damaged; {RESTORE}") from error


def hidden_sizes_of(description: Mapping[str, Any]) -> tuple[int, ...]:
    """Return the sizes of a network's hidden layers that a file's description states.

    Raises:
        ValueError: It states none, or something else than positive integers.
    """
    sizes = description.get("hidden_sizes")
    if not isinstance(sizes, list) or not all(type(size) is int and size > 0 for size in sizes):
        raise ValueError(f"hidden_sizes: {sizes!r}: must be a list of positive integers")
    return tuple(sizes)
