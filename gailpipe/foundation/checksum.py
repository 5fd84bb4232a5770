"""Files with a checksum: the SHA-256 of all their other bytes is in them, so that damage shows when they are read."""

import hashlib
import re
from pathlib import Path

from gailpipe.foundation.errors import UserError

RESTORE = "remove it, and `dvc checkout` restores it if `dvc repro` made it"
_MARK = "gailpipe-sha256:"
_CHECKSUM = re.compile(rf"{_MARK}[0-9a-f]{{64}}".encode())
NO_CHECKSUM = f"{_MARK}{0:064}"
"""What a new file must hold once, in its metadata, for `with_checksum` to fill in."""


def with_checksum(content: bytes) -> bytes:
    """Return `content` with its checksum in the place of `NO_CHECKSUM`; its length stays."""
    assert content.count(NO_CHECKSUM.encode()) == 1
    return content.replace(NO_CHECKSUM.encode(), _checksum_of(content))


def read_checked(path: Path) -> bytes:
    """Read a file, with a checksum or without.

    Raises:
        UserError: The file is missing, can't be read, or does not match its checksum.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise UserError(f"{path}: there is no such file; `dvc pull` restores it, `dvc repro` makes it") from error
    except OSError as error:
        raise UserError(f"{path}: can't be read: {error.strerror}") from error
    if not is_intact(content):
        raise UserError(f"{path}: is damaged; {RESTORE}")
    return content


def is_intact(content: bytes) -> bool:
    """Tell whether `content` matches its checksum, or has none."""
    checksums = _CHECKSUM.findall(content)
    if not checksums:
        return True
    return len(checksums) == 1 and checksums[0] == _checksum_of(content.replace(checksums[0], NO_CHECKSUM.encode()))


def _checksum_of(content: bytes) -> bytes:
    return f"{_MARK}{hashlib.sha256(content).hexdigest()}".encode()
