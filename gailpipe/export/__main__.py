"""Export demonstrations as a Minari dataset, with whole trajectories and reference scores; or a policy as ONNX."""

import argparse
import re
import sys
from pathlib import Path

from gailpipe.envs.environment import load_environment
from gailpipe.evaluation.returns import trajectory_returns
from gailpipe.foundation.command import run
from gailpipe.foundation.errors import UserError
from gailpipe.foundation.files import require_vacant, write_file
from gailpipe.foundation.params import load_seed
from gailpipe.foundation.tables import read_table


def main(arguments: argparse.Namespace) -> None:
    if arguments.onnx:
        from gailpipe.export.onnx import onnx_bytes
        from gailpipe.policies.policy_file import load_policy

        write_file(arguments.onnx, onnx_bytes(load_policy(arguments.source)))
    elif arguments.out:
        export_demonstrations(arguments)
    else:
        raise UserError("say where it goes: OUT for the demonstrations of an environment, --onnx FILE for a policy")


def export_demonstrations(arguments: argparse.Namespace) -> None:
    env, out = arguments.source, arguments.out
    require_vacant(out)
    environment, seed = load_environment(arguments.params, env), load_seed(arguments.params)
    demonstrations = arguments.demonstrations or Path(f"data/demonstrations/{env}.parquet")
    expert = arguments.expert or Path(f"data/experts/{env}/policy.safetensors")
    references = arguments.references or Path(f"data/results/references/{env}.parquet")
    name = arguments.id or f"gailpipe/{re.sub(r'-v[0-9]+$', '', env).lower()}/expert-v0"
    from gailpipe.export.minari import export_episodes
    from gailpipe.export.trajectories import load_trajectories

    scores = reference_scores(demonstrations, references)
    episodes = load_trajectories(environment, demonstrations, expert, seed)
    export_episodes(environment, episodes, scores, name, out)
    steps = sum(episode.length for episode in episodes)
    print(f"{out}: {name}, {len(episodes)} episodes, {steps} steps", file=sys.stderr, flush=True)


def reference_scores(demonstrations: Path, references: Path) -> dict[str, float]:
    """Return what Minari normalises scores by, as far as it is known.

    The greatest is the demonstrations' mean return, else the expert's, as it samples actions. The least is the random
    policy's.

    Raises:
        UserError: The demonstrations are missing, or one of the files is damaged.
    """
    known = {"ref_max_score": trajectory_returns(demonstrations)}
    if references.exists():
        returns = read_table(references, ("policy", "mode", "return"))
        if not len(known["ref_max_score"]):
            known["ref_max_score"] = returns.filter(policy="expert", mode="stochastic")["return"].to_numpy()
        known["ref_min_score"] = returns.filter(policy="random")["return"].to_numpy()
    else:
        print(f"{references}: there is no such file, so that the random policy's score is left out", file=sys.stderr)
    return {key: float(values.mean()) for key, values in known.items() if len(values)}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m gailpipe.export", description=__doc__)
    parser.add_argument("source", metavar="ENV | POLICY", help="a key of `envs` in --params, or a policy's file")
    parser.add_argument("out", metavar="OUT", nargs="?", type=Path, help="the new folder; Minari reads OUT/data")
    parser.add_argument("--onnx", metavar="FILE", type=Path, help="where the policy goes as an ONNX model")
    parser.add_argument("--params", type=Path, default=Path("params.yaml"), help="default: %(default)s")
    parser.add_argument("--id", help="the dataset's name in Minari; default: such as gailpipe/hopper/expert-v0")
    parser.add_argument("--demonstrations", type=Path, help="default: data/demonstrations/ENV.parquet")
    parser.add_argument("--references", type=Path, help="default: data/results/references/ENV.parquet")
    parser.add_argument(
        "--expert",
        type=Path,
        help="plays the episodes again if the demonstrations lack steps; default: data/experts/ENV/policy.safetensors",
    )
    run(main, parser)
