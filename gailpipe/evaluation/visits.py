"""Where stochastic policies go: samples of their occupancy measures, and how GAIL's discriminator judges the places."""

from pathlib import Path

import numpy as np
import polars as pl
import torch
from numpy.typing import NDArray

from gailpipe.envs.episodes import play_episodes
from gailpipe.envs.tasks import find_task
from gailpipe.evaluation.candidates import Candidate, find_actor, find_candidates
from gailpipe.evaluation.occupancy import Plane, inhomogeneity, principal_plane
from gailpipe.evaluation.settings import Visits
from gailpipe.foundation.files import write_directory
from gailpipe.foundation.progress import Progress
from gailpipe.foundation.seeding import derive_seed
from gailpipe.foundation.tables import table_bytes
from gailpipe.policies.policy_file import load_policy
from gailpipe.rewards.discriminator import load_discriminator
from gailpipe.training.compute import use_one_thread

GRID = 60  # points along each side of the judged part of the plane
MARGIN = 0.1  # beyond the outermost states, as a share of their spread


def make_visits(env: str, expert: Path, bc: Path, gail: Path, settings: Visits, seed: int, out: Path) -> None:
    """Make the directory `out` of three tables, of the expert and of BC's and GAIL's first policies.

    states.parquet has states of each `policy` in the plane of the expert's two principal directions, at `x` and `y`;
    distances.parquet how far the states of each are from the expert's, for the expert itself when it plays again, from
    the same initial states; judged.parquet the logit of GAIL's discriminator over the plane, where GAIL's policy acts
    by its mode.
    """
    use_one_thread()
    candidates = [
        one
        for one in find_candidates(expert, {"bc": bc, "gail": gail})
        if one.mode == "stochastic" and one.policy != "random" and one.seed in (None, 0)
    ]
    samples: dict[str, NDArray[np.float32]] = {}
    with Progress(f"visits {env}", len(candidates) + 1, unit="policies") as progress:
        for candidate in candidates:
            samples[candidate.policy] = _visited(env, candidate, settings, seed, candidate.policy)
            progress.advance(1, {})
        (expert_candidate,) = (one for one in candidates if one.policy == "expert")
        again = _visited(env, expert_candidate, settings, seed, "expert, again")
        progress.advance(1, {})
    plane = principal_plane(samples["expert"])
    tables = {
        "states": _states(samples, plane),
        "distances": _distances(samples | {"expert": again}, samples["expert"], plane),
        "judged": _judged(env, gail, samples, plane),
    }
    write_directory(out, {f"{name}.parquet": table_bytes(table) for name, table in tables.items()})


def _visited(env: str, candidate: Candidate, settings: Visits, seed: int, purpose: str) -> NDArray[np.float32]:
    """Return states, (count, observation_dim), of episodes with the same initial states for every purpose."""
    task = find_task(env)
    starts = [derive_seed(seed, "visits", env, episode) for episode in range(settings.episodes)]
    actor = find_actor(candidate, task, derive_seed(seed, "visits", env, purpose))
    states = np.concatenate([episode.observations for episode in play_episodes(task, actor, starts)])
    kept = np.linspace(0, len(states) - 1, min(settings.states, len(states))).round().astype(int)
    return states[kept]


def _states(samples: dict[str, NDArray[np.float32]], plane: Plane) -> pl.DataFrame:
    tables = []
    for policy, states in samples.items():
        x, y = plane.coordinates(states).T.astype(np.float32)
        tables.append(pl.DataFrame({"policy": [policy] * len(x), "x": x, "y": y}))
    return pl.concat(tables)


def _distances(samples: dict[str, NDArray[np.float32]], expert: NDArray[np.float32], plane: Plane) -> pl.DataFrame:
    reference = plane.standardise(expert)
    distances = {policy: inhomogeneity(plane.standardise(states), reference) for policy, states in samples.items()}
    return pl.DataFrame({"policy": list(distances), "inhomogeneity": list(distances.values())})


def _judged(env: str, gail: Path, samples: dict[str, NDArray[np.float32]], plane: Plane) -> pl.DataFrame:
    policy = load_policy(gail / "seed-0.safetensors", env)
    discriminator = load_discriminator(gail / "seed-0-discriminator.safetensors", policy)
    coordinates = np.concatenate([plane.coordinates(states) for states in samples.values()])
    low, high = coordinates.min(0), coordinates.max(0)
    margin = MARGIN * np.where(high > low, high - low, 1.0)
    low, high = low - margin, high + margin
    grid = np.stack(np.meshgrid(*np.linspace(low, high, GRID).T), -1)  # (GRID, GRID, 2)
    states = torch.from_numpy(plane.states(grid).astype(np.float32))
    with torch.no_grad():
        logits = discriminator(states, policy.encode_actions(policy.mode(states)))
    x, y = grid.reshape(-1, 2).T.astype(np.float32)
    return pl.DataFrame({"x": x, "y": y, "logit": logits.reshape(-1).numpy()})
