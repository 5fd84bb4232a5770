"""A clone fetches what the results take, and no more."""

import subprocess

from gailpipe.review.store import compare
from tests.workspace import ROOT

MEGABYTES = 130  # that a clone of the last commit may fetch


def test_the_store_holds_what_the_locks_name_and_no_more() -> None:
    assert compare(ROOT) == ([], [])


def test_a_shallow_clone_is_light() -> None:
    listed = subprocess.run(["git", "ls-tree", "-r", "HEAD"], cwd=ROOT, check=True, capture_output=True, text=True)
    objects = "\n".join(sorted({line.split()[2] for line in listed.stdout.splitlines()}))
    command = ["git", "cat-file", "--batch-check=%(objectsize:disk)"]
    sizes = subprocess.run(command, cwd=ROOT, input=objects, check=True, capture_output=True, text=True)
    assert sum(map(int, sizes.stdout.split())) < MEGABYTES * 1e6
