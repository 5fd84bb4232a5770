"""Files that say themselves whether they were damaged: the digest of all their other bytes is in them."""

import hashlib
import re
from pathlib import Path

from gailpipe.foundation.errors import UserError

RESTORE = "remove it, and `dvc checkout` restores it if `dvc repro` made it"
_MARK = "gailpipe-sha256:"
_SEAL = re.compile(rf"{_MARK}[0-9a-f]{{64}}".encode())
UNSEALED = f"{_MARK}{0:064}"
"""What a new file must hold once, in its metadata, for `seal` to fill in."""


def seal(content: bytes) -> bytes:
    """Return `content` with its digest in the place of `UNSEALED`; its length stays."""
    assert content.count(UNSEALED.encode()) == 1
    return content.replace(UNSEALED.encode(), _seal_of(content))


def read_sealed(path: Path) -> bytes:
    """Read a file, sealed or not.

    Raises:
        UserError: The file is missing, can't be read, or was damaged after it was sealed.
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
    """Tell whether `content` is as it was sealed, or bears no seal."""
    seals = _SEAL.findall(content)
    if not seals:
        return True
    return len(seals) == 1 and seals[0] == _seal_of(content.replace(seals[0], UNSEALED.encode()))


def _seal_of(unsealed: bytes) -> bytes:
    return f"{_MARK}{hashlib.sha256(unsealed).hexdigest()}".encode()
