"""Where stochastic policies go: samples of their occupancy measures, and how GAIL's discriminator judges the places."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
import torch
from numpy.typing import NDArray

from gailpipe.envs.episodes import play_episodes
from gailpipe.envs.tasks import find_task
from gailpipe.evaluation.candidates import Candidate, find_actor, find_candidates
from gailpipe.evaluation.occupancy import Plane, inhomogeneity, principal_plane
from gailpipe.foundation.files import write_directory
from gailpipe.foundation.progress import Progress
from gailpipe.foundation.seeding import derive_seed
from gailpipe.foundation.tables import table_bytes
from gailpipe.imitation.discriminator import load_discriminator
from gailpipe.params.visits import Visits
from gailpipe.policies.compute import use_one_thread
from gailpipe.policies.policy_file import load_policy

GRID = 60  # points along each side of the judged part of the plane
MARGIN = 0.1  # beyond the outermost states, as a share of their spread


@dataclass(frozen=True)
class Sample:
    """States of one policy, and the episodes that they are from."""

    states: NDArray[np.float32]  # (count, observation_dim)
    episodes: NDArray[np.int32]  # (count,)


def make_visits(env: str, expert: Path, bc: Path, gail: Path, settings: Visits, seed: int, out: Path) -> None:
    """Make the directory `out` of three tables, of the expert and of BC's and GAIL's first policies.

    states.parquet has states of each `policy` in the plane of the expert's two principal directions, at `x` and `y`;
    distances.parquet how far the states of each are from the expert's, and of the expert's first half of episodes from
    its second; judged.parquet the logit of GAIL's discriminator over the plane, where GAIL's policy acts by its mode.
    """
    use_one_thread()
    candidates = [
        one
        for one in find_candidates(expert, {"bc": bc, "gail": gail})
        if one.mode == "stochastic" and one.policy != "random" and one.seed in (None, 0)
    ]
    samples: dict[str, Sample] = {}
    with Progress(f"visits {env}", len(candidates), unit="policies") as progress:
        for candidate in candidates:
            samples[candidate.policy] = _sample(env, candidate, settings, seed)
            progress.advance(1, {})
    plane = principal_plane(samples["expert"].states)
    tables = {
        "states": _states(samples, plane),
        "distances": _distances(samples, plane),
        "judged": _judged(env, gail, samples, plane),
    }
    write_directory(out, {f"{name}.parquet": table_bytes(table) for name, table in tables.items()})


def _sample(env: str, candidate: Candidate, settings: Visits, seed: int) -> Sample:
    task = find_task(env)
    starts = [derive_seed(seed, "visits", env, episode) for episode in range(settings.episodes)]
    actor = find_actor(candidate, task, derive_seed(seed, "visits", env, candidate.policy))
    episodes = play_episodes(task, actor, starts)
    states = np.concatenate([episode.observations for episode in episodes])
    numbers = np.repeat(np.arange(len(episodes), dtype=np.int32), [episode.length for episode in episodes])
    kept = np.linspace(0, len(states) - 1, min(settings.states, len(states))).round().astype(int)
    return Sample(states[kept], numbers[kept])


def _states(samples: dict[str, Sample], plane: Plane) -> pl.DataFrame:
    tables = []
    for policy, sample in samples.items():
        x, y = plane.coordinates(sample.states).T.astype(np.float32)
        tables.append(pl.DataFrame({"policy": [policy] * len(x), "x": x, "y": y}))
    return pl.concat(tables)


def _distances(samples: dict[str, Sample], plane: Plane) -> pl.DataFrame:
    expert = samples["expert"]
    standardised = {policy: plane.standardise(sample.states) for policy, sample in samples.items()}
    first = expert.episodes <= np.median(expert.episodes)
    halves = standardised["expert"][first], standardised["expert"][~first]
    distances = {policy: inhomogeneity(states, standardised["expert"]) for policy, states in standardised.items()}
    distances["expert"] = inhomogeneity(*halves)
    return pl.DataFrame({"policy": list(distances), "inhomogeneity": list(distances.values())})


def _judged(env: str, gail: Path, samples: dict[str, Sample], plane: Plane) -> pl.DataFrame:
    policy = load_policy(gail / "seed-0.safetensors", env)
    discriminator = load_discriminator(gail / "seed-0-discriminator.safetensors", policy)
    coordinates = np.concatenate([plane.coordinates(sample.states) for sample in samples.values()])
    low, high = coordinates.min(0), coordinates.max(0)
    low, high = low - MARGIN * (high - low), high + MARGIN * (high - low)
    grid = np.stack(np.meshgrid(*np.linspace(low, high, GRID).T), -1)  # (GRID, GRID, 2)
    states = torch.from_numpy(plane.states(grid).astype(np.float32))
    with torch.no_grad():
        logits = discriminator(states, policy.encode_actions(policy.mode(states)))
    x, y = grid.reshape(-1, 2).T.astype(np.float32)
    return pl.DataFrame({"x": x, "y": y, "logit": logits.reshape(-1).numpy()})
