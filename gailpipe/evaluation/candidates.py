"""All policies of an environment, and how they are judged: in Gymnasium itself, from the same initial states."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import polars as pl
import torch
from numpy.typing import NDArray

from gailpipe.envs.environment import Environment
from gailpipe.envs.episodes import play_episodes
from gailpipe.evaluation.returns import MODES, SCHEMA
from gailpipe.foundation.errors import UserError
from gailpipe.foundation.processes import side_by_side
from gailpipe.foundation.progress import Progress
from gailpipe.foundation.seeding import derive_seed
from gailpipe.foundation.tables import write_table
from gailpipe.policies.policy_file import load_policy
from gailpipe.training.compute import use_one_thread


@dataclass(frozen=True)
class Candidate:
    """A policy to evaluate; without a file it is the random one."""

    policy: str
    seed: int | None
    mode: str
    file: Path | None


def evaluate_learners(environment: Environment, learners: dict[str, Path], episodes: int, seed: int, out: Path) -> None:
    """Play episodes of all policies of learners, and write their returns as the Parquet file `out`.

    Args:
        environment: Where to play.
        learners: The directory of the policies that each learner made, by its name.
        episodes: How many to play of each policy in each mode.
        seed: The pipeline's.
        out: Has the columns of `returns.SCHEMA`.

    Raises:
        UserError: A policy's file is missing or not this environment's, a learner's directory holds no policies, or the
            environment gives a NaN or an infinity.
    """
    candidates = [one for name, directory in learners.items() for one in find_candidates(name, directory)]
    _evaluate(f"evaluate {environment.name}", environment, candidates, episodes, seed, out)


def write_references(environment: Environment, expert: Path | None, episodes: int, seed: int, out: Path) -> None:
    """Play episodes of the policies that learners are compared with, as `evaluate_learners` does.

    These are the random policy, and the expert in both modes if its file is given.

    Raises:
        UserError: The expert's file is missing or not this environment's, or the environment gives a NaN or an
            infinity.
    """
    candidates = [Candidate("random", None, "stochastic", None)]
    if expert is not None:
        load_policy(expert, environment.name)
        candidates += [Candidate("expert", None, mode, expert) for mode in MODES]
    _evaluate(f"references {environment.name}", environment, candidates, episodes, seed, out)


def find_candidates(learner: str, directory: Path) -> list[Candidate]:
    """List each policy in a learner's directory, in both modes.

    Raises:
        UserError: The directory holds no policies.
    """
    numbers = [file.stem.removeprefix("seed-") for file in directory.glob("seed-*.safetensors")]
    seeds = sorted(int(number) for number in numbers if number.isdecimal())
    if not seeds:
        raise UserError(f"{directory}: holds no policies; `dvc repro` makes them")
    return [Candidate(learner, seed, mode, directory / f"seed-{seed}.safetensors") for seed in seeds for mode in MODES]


def _evaluate(
    title: str, environment: Environment, candidates: list[Candidate], episodes: int, seed: int, out: Path
) -> None:
    evaluations = side_by_side(
        partial(evaluate_candidate, environment, episodes, seed, candidates), range(len(candidates))
    )
    tables = []
    with Progress(title, len(candidates), unit="policies") as progress:
        for table in evaluations:
            tables.append(table)
            progress.advance(1, {})
    write_table(pl.concat(tables), out)


def evaluate_candidate(
    environment: Environment, episodes: int, seed: int, candidates: list[Candidate], index: int
) -> pl.DataFrame:
    """Play one candidate's episodes, from the same initial states as all others."""
    use_one_thread()
    candidate, env = candidates[index], environment.name
    noise = derive_seed(seed, "evaluate", env, candidate.policy, str(candidate.seed))
    starts = [derive_seed(seed, "evaluate", env, episode) for episode in range(episodes)]
    played = play_episodes(environment, find_actor(candidate, environment, noise), starts)
    rows = [
        (candidate.policy, candidate.seed, candidate.mode, number, episode.episode_return, episode.length)
        for number, episode in enumerate(played)
    ]
    return pl.DataFrame(rows, SCHEMA, orient="row")


def find_actor(candidate: Candidate, environment: Environment, noise: int) -> Callable[[NDArray], NDArray]:
    """Return what maps observations (batch, observation_dim) to actions; `noise` seeds it where it is random."""
    if candidate.file is None:
        generator = np.random.default_rng(noise)
        return lambda observations: environment.actions.draw(len(observations), generator)
    policy = load_policy(candidate.file, environment.name)
    if candidate.mode == "deterministic":
        return policy
    return partial(policy, generator=torch.Generator().manual_seed(noise))
