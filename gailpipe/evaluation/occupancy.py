"""Where stochastic policies go: samples of their occupancy measures, and how discriminators judge the places."""

from pathlib import Path

import numpy as np
import polars as pl
import torch
from numpy.typing import NDArray

from gailpipe.envs.environment import find_environment
from gailpipe.envs.episodes import play_episodes
from gailpipe.evaluation.candidates import Candidate, find_actor, find_candidates
from gailpipe.evaluation.plane import Plane, inhomogeneity, principal_plane
from gailpipe.evaluation.settings import Occupancy
from gailpipe.foundation.files import write_directory
from gailpipe.foundation.progress import Progress
from gailpipe.foundation.seeding import derive_seed
from gailpipe.foundation.tables import table_bytes
from gailpipe.policies.policy_file import load_policy
from gailpipe.rewards.discriminator import load_discriminator
from gailpipe.training.compute import use_one_thread

GRID = 60  # points along each side of the judged part of the plane
JUDGED = {"policy": pl.String, "x": pl.Float32, "y": pl.Float32, "logit": pl.Float32}
MARGIN = 0.1  # beyond the outermost states, as a share of their spread


def make_occupancy(
    env: str, expert: Path, learners: dict[str, Path], settings: Occupancy, seed: int, out: Path
) -> None:
    """Make the directory `out` of three tables, of the expert and of each learner's first policy.

    states.parquet has states of each `policy` in the plane of the expert's two principal directions, at `x` and `y`;
    distances.parquet how far the states of each are from the expert's, for the expert itself when it plays again, from
    the same initial states; judged.parquet, for each `policy` that learned with a discriminator, the logit of that over
    the plane, where the policy acts by its mode.
    """
    use_one_thread()
    candidates = [
        one
        for one in find_candidates(expert, learners)
        if one.mode == "stochastic" and one.policy != "random" and one.seed in (None, 0)
    ]
    samples: dict[str, NDArray[np.float32]] = {}
    with Progress(f"occupancy {env}", len(candidates) + 1, unit="policies") as progress:
        for candidate in candidates:
            samples[candidate.policy] = _sample_states(env, candidate, settings, seed, candidate.policy)
            progress.advance(1, {})
        (expert_candidate,) = (one for one in candidates if one.policy == "expert")
        again = _sample_states(env, expert_candidate, settings, seed, "expert, again")
        progress.advance(1, {})
    plane = principal_plane(samples["expert"])
    points = _grid(samples, plane)
    tables = {
        "states": _states(samples, plane),
        "distances": _distances(samples | {"expert": again}, samples["expert"], plane),
        "judged": pl.concat(_judged(env, name, directory, points, plane) for name, directory in learners.items()),
    }
    write_directory(out, {f"{name}.parquet": table_bytes(table) for name, table in tables.items()})


def _sample_states(env: str, candidate: Candidate, settings: Occupancy, seed: int, purpose: str) -> NDArray[np.float32]:
    """Return states, (count, observation_dim), of episodes with the same initial states for every purpose."""
    environment = find_environment(env)
    starts = [derive_seed(seed, "occupancy", env, episode) for episode in range(settings.episodes)]
    actor = find_actor(candidate, environment, derive_seed(seed, "occupancy", env, purpose))
    states = np.concatenate([episode.observations for episode in play_episodes(environment, actor, starts)])
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


def _grid(samples: dict[str, NDArray[np.float32]], plane: Plane) -> NDArray:
    """Return points of the plane all over the samples, (GRID, GRID, 2)."""
    coordinates = np.concatenate([plane.coordinates(states) for states in samples.values()])
    low, high = coordinates.min(0), coordinates.max(0)
    margin = MARGIN * np.where(high > low, high - low, 1.0)
    return np.stack(np.meshgrid(*np.linspace(low - margin, high + margin, GRID).T), -1)


def _judged(env: str, learner: str, directory: Path, points: NDArray, plane: Plane) -> pl.DataFrame:
    """Return the logits at `points` of a learner's first discriminator; no rows where it has none."""
    file = directory / "seed-0-discriminator.safetensors"
    if not file.exists():
        return pl.DataFrame(schema=JUDGED)
    policy = load_policy(directory / "seed-0.safetensors", env)
    discriminator = load_discriminator(file, policy)
    states = torch.from_numpy(plane.states(points).astype(np.float32))
    with torch.no_grad():
        logits = discriminator(states, policy.encode_actions(policy.mode(states)))
    x, y = points.reshape(-1, 2).T.astype(np.float32)
    return pl.DataFrame({"policy": [learner] * len(x), "x": x, "y": y, "logit": logits.reshape(-1).numpy()})
