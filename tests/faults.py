"""Break a tiny pipeline as machines and people do, and compare what it ends with to an undisturbed run, byte by byte.

All of it happens in a temporary folder.
"""

import argparse
import json
import random
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from itertools import cycle, islice
from pathlib import Path

from ruamel.yaml import YAML

from tests.interruptions import KILLS, SIGNALS, interrupt, prepare, time_stages
from tests.workspace import Workspace


def read_results(workspace: Workspace) -> dict[str, bytes]:
    """Return all that the pipeline leaves, by path: the lock, and what is where outputs are.

    Where DVC has a choice, it takes stages in any order, and so are they in the lock.
    """
    root = workspace.root
    paths = [*root.glob("reports/**/*"), *root.glob("data/**/*")]
    lock = json.dumps(YAML(typ="safe").load(root / "dvc.lock"), sort_keys=True)
    files = {str(path.relative_to(root)): path.read_bytes() for path in paths if path.is_file()}
    return files | {"dvc.lock": lock.encode()}


def require_equal(found: dict[str, bytes], expected: dict[str, bytes]) -> None:
    """Check that what was found is what was expected, byte for byte."""
    different = sorted(path for path in found | expected if found.get(path) != expected.get(path))
    assert not different, f"these differ: {', '.join(different)}"


def fill_the_disk(workspace: Workspace, stages: Sequence[str]) -> None:
    """Run each of `stages` where hardly a file can be written, then where all can."""
    before = read_results(workspace)
    lock = YAML(typ="safe").load(workspace.root / "dvc.lock")
    for stage in stages:
        entry = lock["stages"][stage]
        outs = [workspace.root / out["path"] for out in entry["outs"]]
        for out in outs:
            shutil.rmtree(out) if out.is_dir() else out.unlink()
        process = workspace.start(*entry["cmd"].split(), max_file_size=300)
        output, _ = process.communicate()
        *_, said = output.splitlines()
        assert process.returncode == 1, output
        assert said.startswith("error: "), output
        assert said.endswith((": can't be written: File too large", " MB: File too large")), output
        assert not any(path.is_file() for out in outs for path in (out, *out.glob("**/*"))), stage
        workspace.run(*entry["cmd"].split())
        require_equal(read_results(workspace), before)
    process = workspace.start("dvc", "repro", "--force", "--single-item", *stages, max_file_size=4000)
    output, _ = process.communicate()
    assert process.returncode != 0, output
    workspace.dvc("repro", *stages)
    require_equal(read_results(workspace), before)


def run_from_queue(workspace: Workspace, reference: Workspace, setting: str, values: tuple[int, ...]) -> None:
    """Run experiments with these values at once from the queue, and hold them to those that ran one by one."""
    for place in (workspace, reference):
        place.commit("Run")
    alone = set()
    for value in values:
        reference.experiment(f"{setting}={value}")
        alone.add((reference.root / "dvc.lock").read_text())
    workspace.dvc("exp", "run", "--queue", "-S", f"{setting}={','.join(map(str, values))}")
    workspace.dvc("queue", "start", "--jobs", str(len(values)))
    while "Running" in (status := workspace.dvc("queue", "status")) or "Queued" in status:
        time.sleep(1)
    assert status.count("Success") == len(values), status
    experiments = workspace.dvc("exp", "list", "--name-only").split()
    references = workspace.run("git", "for-each-ref", "--format=%(refname)", "refs/exps").split()
    references = [reference for reference in references if reference.split("/")[-1] in experiments]
    assert {workspace.run("git", "show", f"{reference}:dvc.lock") for reference in references} == alone


def main(kills: int, signals: int, minutes: float, seed: int) -> None:
    """Try everything, print it, and fail where a result differs."""
    generator, deadline = random.Random(seed), time.monotonic() + 60 * minutes
    with tempfile.TemporaryDirectory() as folder:
        reference, workspace = (prepare(Path(folder) / name) for name in ("undisturbed", "disturbed"))
        durations = time_stages(reference)
        print(f"undisturbed: {len(durations)} stages in {sum(durations.values()):.0f} s")
        methods = [*islice(cycle(KILLS), kills), *islice(cycle(SIGNALS), signals)]
        interruptions = []
        for one in interrupt(workspace, durations, methods, deadline, generator):
            interruptions.append(one)
            print(
                f"{one.stage:24} {one.method:14} after {one.seconds:4.1f} s, lost {one.lost_seconds:4.1f} s", flush=True
            )
        require_equal(read_results(workspace), read_results(reference))
        assert not any((workspace.root / ".scratch").iterdir())
        for method, count in Counter(one.method for one in interruptions).items():
            print(f"{method}: {count} survived")
        worst = max(one.lost_seconds for one in interruptions)
        print(f"{len(interruptions)} of {len(methods)}: no result lost, and {worst:.1f} s of work at most")
        stages = [stage for stage in durations if stage != "validate"]  # which writes but a word
        fill_the_disk(workspace, stages)
        print(f"disk full: {len(stages)} stages said so and went on")
        run_from_queue(workspace, reference, "bc.trajs", (1, 3))
        print("queue: two experiments at once gave what they give one by one")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--kills", type=int, default=50, help="by SIGKILL; default: %(default)s")
    parser.add_argument("--signals", type=int, default=10, help="SIGINT and SIGTERM; default: %(default)s")
    parser.add_argument("--minutes", type=float, default=20, help="no interruption after these; default: %(default)s")
    parser.add_argument("--seed", type=int, default=0, help="of the moments; default: %(default)s")
    main(**vars(parser.parse_args()))
