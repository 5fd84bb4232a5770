"""Every generator of a stage comes from one seed and the names of what it is for."""

import hashlib
import json


def derive_seed(seed: int, *names: str | int) -> int:
    """Return a seed in [0, 2**31) that is independent of those for other names, on every machine."""
    digest = hashlib.sha256(json.dumps([seed, *names]).encode()).digest()
    return int.from_bytes(digest[:4], "big") >> 1
