"""Where demonstrations and stochastic policies go, and how discriminators judge the places."""

from pathlib import Path

import numpy as np
import polars as pl
import torch
from numpy.typing import NDArray

from gailpipe.demonstrations.demonstrations import load_table
from gailpipe.envs.environment import Environment
from gailpipe.envs.episodes import play_episodes
from gailpipe.evaluation.candidates import Candidate, find_actor, find_candidates
from gailpipe.evaluation.plane import Plane, inhomogeneity, principal_plane
from gailpipe.evaluation.settings import Occupancy
from gailpipe.foundation.files import write_directory
from gailpipe.foundation.progress import Progress
from gailpipe.foundation.seeding import derive_seed
from gailpipe.foundation.tables import table_bytes
from gailpipe.policies.policy_file import load_policy
from gailpipe.rewards.learned import Pays, load_reward
from gailpipe.training.compute import use_one_thread
from gailpipe.training.transitions import Transitions

GRID = 60  # points along each side of the judged part of the plane
JUDGED = {"policy": pl.String, "x": pl.Float32, "y": pl.Float32, "logit": pl.Float32}
DEMONSTRATIONS = "demonstrations"
MARGIN = 0.1  # beyond the outermost states, as a share of their spread


def make_occupancy(
    environment: Environment,
    demonstrations: Path,
    learners: dict[str, Path],
    settings: Occupancy,
    seed: int,
    out: Path,
) -> None:
    """Make the directory `out` of three tables, of the demonstrations and of each learner's first policy.

    states.parquet has states of each `policy`, of which one is named "demonstrations", in the plane of the two
    principal directions of what was demonstrated, at `x` and `y`; distances.parquet how far the states of each are from
    those demonstrated, and for the demonstrations how far one half of the trajectories is from the other;
    judged.parquet, for each `policy` that learned with a discriminator of states or pairs, the logit of that over the
    plane, where the policy acts by its mode.
    """
    use_one_thread()
    demonstrated, halves = _demonstrated_states(environment, demonstrations, settings.states)
    samples = {DEMONSTRATIONS: demonstrated}
    with Progress(f"occupancy {environment.name}", len(learners), unit="policies") as progress:
        for name, directory in learners.items():
            first = next(one for one in find_candidates(name, directory) if one.mode == "stochastic")
            samples[name] = _sample_states(environment, first, settings, seed)
            progress.advance(1, {})
    plane = principal_plane(demonstrated)
    points = _grid(samples, plane)
    tables = {
        "states": _states(samples, plane),
        "distances": _distances(samples, halves, plane),
        "judged": pl.concat(
            _judged(environment, name, directory, points, plane) for name, directory in learners.items()
        ),
    }
    write_directory(out, {f"{name}.parquet": table_bytes(table) for name, table in tables.items()})


def _demonstrated_states(environment: Environment, path: Path, count: int) -> tuple[NDArray, list[NDArray]]:
    """Return states of all demonstrations, and of every second trajectory and the others, (count, observation_dim)."""
    table = load_table(path, environment)
    states = table["observation"].to_numpy()
    trajectories = table["trajectory"].unique(maintain_order=True)
    odd = table["trajectory"].is_in(trajectories.gather_every(2).implode()).to_numpy()
    return _thinned(states, count), [_thinned(states[half], count) for half in (odd, ~odd) if half.any()]


def _sample_states(environment: Environment, candidate: Candidate, settings: Occupancy, seed: int) -> NDArray:
    """Return states, (count, observation_dim), of episodes with the same initial states for all."""
    env = environment.name
    starts = [derive_seed(seed, "occupancy", env, episode) for episode in range(settings.episodes)]
    actor = find_actor(candidate, environment, derive_seed(seed, "occupancy", env, candidate.policy))
    episodes = play_episodes(environment, actor, starts)
    return _thinned(np.concatenate([episode.observations[:-1] for episode in episodes]), settings.states)


def _thinned(states: NDArray, count: int) -> NDArray:
    """Return `count` of the states at equal distances, or all of them if they are fewer."""
    return states[np.linspace(0, len(states) - 1, min(count, len(states))).round().astype(int)]


def _states(samples: dict[str, NDArray], plane: Plane) -> pl.DataFrame:
    tables = []
    for policy, states in samples.items():
        x, y = plane.coordinates(states).T.astype(np.float32)
        tables.append(pl.DataFrame({"policy": [policy] * len(x), "x": x, "y": y}))
    return pl.concat(tables)


def _distances(samples: dict[str, NDArray], halves: list[NDArray], plane: Plane) -> pl.DataFrame:
    """Return how far samples are from the demonstrations, and these from themselves; null where they have no halves."""
    reference = plane.standardise(samples[DEMONSTRATIONS])
    distances: dict[str, float | None] = {
        policy: inhomogeneity(plane.standardise(states), reference) for policy, states in samples.items()
    }
    standardised = [plane.standardise(half) for half in halves]
    distances[DEMONSTRATIONS] = inhomogeneity(*standardised) if len(standardised) == 2 else None
    schema = {"policy": pl.String, "inhomogeneity": pl.Float64}
    return pl.DataFrame(list(distances.items()), schema, orient="row")


def _grid(samples: dict[str, NDArray], plane: Plane) -> NDArray:
    """Return points of the plane all over the samples, (GRID, GRID, 2)."""
    coordinates = np.concatenate([plane.coordinates(states) for states in samples.values()])
    low, high = coordinates.min(0), coordinates.max(0)
    margin = MARGIN * np.where(high > low, high - low, 1.0)
    return np.stack(np.meshgrid(*np.linspace(low - margin, high + margin, GRID).T), -1)


def _judged(environment: Environment, learner: str, directory: Path, points: NDArray, plane: Plane) -> pl.DataFrame:
    """Return the logits at `points` of a learner's first discriminator.

    No rows where it has none, or one that does not judge pairs as they are: the plane has no next observations, and
    what is left of AIRL's discriminator is no judgement.
    """
    file = directory / "seed-0-reward.safetensors"
    if not file.exists():
        return pl.DataFrame(schema=JUDGED)
    reward = load_reward(file, environment.name)
    if reward.judged.of_next_observations or reward.pays is Pays.LOGIT:
        return pl.DataFrame(schema=JUDGED)
    policy = load_policy(directory / "seed-0.safetensors", environment.name)
    states = torch.from_numpy(plane.states(points).astype(environment.observation_dtype))
    unknown = torch.full(states.shape[:-1], torch.nan)
    with torch.no_grad():
        transitions = Transitions(states, policy.mode(states), states, unknown, torch.zeros_like(unknown).bool())
        logits = reward.logits(transitions)
    x, y = points.reshape(-1, 2).T.astype(np.float32)
    return pl.DataFrame({"policy": [learner] * len(x), "x": x, "y": y, "logit": logits.reshape(-1).numpy()})
