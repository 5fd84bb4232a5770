"""How a process computes best where networks are small and vector environments come and go."""

import ctypes
import sys
from typing import Any

import torch

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD, M_ARENA_MAX = -1, -3, -8  # of mallopt(3)
LARGEST_MMAP_THRESHOLD = 2**25  # that every glibc takes
KEPT_BYTES = 2**30


def use_one_thread() -> None:
    """Let Torch use one thread, and keep the memory that is freed for what is allocated next.

    With glibc's own settings a large tensor has new pages each time, and each new environment's thread has a heap of
    its own, of which some is lost whenever they start anew.
    """
    torch.set_num_threads(1)
    libc = _glibc()
    if libc is not None and libc.mallopt(M_MMAP_THRESHOLD, LARGEST_MMAP_THRESHOLD):
        libc.mallopt(M_TRIM_THRESHOLD, KEPT_BYTES)
        libc.mallopt(M_ARENA_MAX, 1)


def release_freed_memory() -> None:
    """Give freed pages back, wherever they lie; else each vector environment leaves holes that others don't fill."""
    libc = _glibc()
    if libc is not None:
        libc.malloc_trim(0)


def _glibc() -> Any:
    """Return the C library where it is glibc, whose memory can be told what to do."""
    libc = ctypes.CDLL(None) if sys.platform == "linux" else None
    return libc if hasattr(libc, "malloc_trim") and hasattr(libc, "mallopt") else None
