"""Film one episode of policies, side by side, from the same initial state."""

import argparse
import math
from pathlib import Path

from gailpipe.envs.environment import load_environment
from gailpipe.foundation.command import run
from gailpipe.foundation.errors import UserError
from gailpipe.foundation.files import write_file

KINDS = (".mp4", ".webp")


def main(arguments: argparse.Namespace) -> None:
    out = arguments.out or Path(f"{arguments.env}.mp4")
    if out.suffix not in KINDS:
        raise UserError(f"--out {out}: must end in {' or '.join(KINDS)}")
    if not 0 < arguments.seconds < math.inf:
        raise UserError(f"--seconds {arguments.seconds}: must be greater than 0")
    if arguments.seed < 0:
        raise UserError(f"--seed {arguments.seed}: must be 0 or greater")
    environment = load_environment(arguments.params, arguments.env)
    cast = [find_policy(arguments.env, name) for name in arguments.policy]
    from gailpipe.films.cast import FPS, play
    from gailpipe.films.pictures import mp4_bytes, webp_bytes

    pictures = play(environment, cast, arguments.seconds, arguments.seed)
    content = mp4_bytes(pictures, FPS) if out.suffix == ".mp4" else webp_bytes(pictures, FPS, pictures[0].width)
    write_file(out, content)


def find_policy(env: str, name: str) -> tuple[str, Path]:
    """Return a label, and the file of the policy: `name` itself if it is one, else what the pipeline made.

    Raises:
        UserError: There is no such file.
    """
    if Path(name).suffix == ".safetensors":
        path = Path(name)
        folder = path.parent.parent if path.parent.name == env else path.parent
        label = folder.name or path.stem
    elif name == "expert":
        label, path = "expert", Path("data/experts") / env / "policy.safetensors"
    else:
        label, path = name, Path("data") / name / env / "seed-0.safetensors"
    if not path.is_file():
        raise UserError(f"{name}: there is no {path}; `dvc repro` makes the pipeline's")
    return label, path


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m gailpipe.films", description=__doc__)
    parser.add_argument("env", metavar="ENV", help="a key of `envs` in --params, or a Gymnasium id, such as Hopper-v5")
    parser.add_argument("--params", type=Path, default=Path("params.yaml"), help="default: %(default)s")
    parser.add_argument(
        "policy",
        nargs="+",
        metavar="POLICY",
        help="expert, a learner's name, or a policy's file; several act side by side",
    )
    parser.add_argument("--seconds", type=float, default=10, help="of the film, at most; default: %(default)s")
    parser.add_argument("--seed", type=int, default=0, help="of the initial state; default: %(default)s")
    parser.add_argument("--out", type=Path, help="an .mp4, or a .webp that moves in Markdown; default: ENV.mp4")
    run(main, parser)
