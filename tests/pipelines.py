"""What a pipeline would have made, written by hand: with one set of demonstrations an environment, and with several."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from shutil import rmtree
from typing import NamedTuple

import polars as pl

from gailpipe.evaluation.returns import SCHEMA
from gailpipe.foundation.files import write_file
from gailpipe.foundation.params import read_params
from gailpipe.foundation.tables import write_table
from gailpipe.rl.on_policy.settings import Imitation
from tests.workspace import tiny_params, write_params

ENV = "CartPole-v1"
MEANS = {"bc": 40.0, "bc-plain": 30.0, "fem": 80.0, "gtal": 120.0, "gail": 160.0, "gail-bc": 60.0}
MEANS |= {"dac": 100.0, "dac-states": 50.0, "gail-entropy": 20.0}
METRICS = {"expert_accuracy": 0.7, "policy_accuracy": 0.6, "entropy": 1.0}
EVALUATED: Sequence[tuple[str, str, Sequence[str]]] = (
    ("evaluate", f"{ENV}-2", ("bc", "gail")),
    ("evaluate", f"{ENV}-full-5", ("bc", "gail")),
    ("evaluate-cloned", f"{ENV}-2", ("gail-bc",)),
    ("evaluate-entropy", f"{ENV}-2-1e-2", ("gail-entropy",)),
    ("evaluate-linear", f"{ENV}-2", ("fem", "gtal")),
    ("evaluate-linear", f"{ENV}-full-5", ("fem", "gtal")),
)


class Made(NamedTuple):
    """A pipeline's parameters, and the folder of what it made."""

    params: Path
    data: Path


def one_set(root: Path, extra: str | None = None) -> Made:
    """Write a pipeline of one environment, as the repository's own; an `extra` learner has the settings of BC."""
    made = Made(root / "params.yaml", root / "data")
    document = tiny_params()
    del document["envs"]["Pendulum-v1"], document["experts"]["Pendulum-v1"], document["occupancy"]
    if extra:
        document[extra], document["envs"][ENV][extra] = document["bc"], {}
    write_params(document, made.params)
    write_demonstrations(made.data)
    results = made.data / "results"
    write_references(results / "references" / f"{ENV}.parquet")
    for learner in ("bc", "gail", "dac"):
        write_evaluation(results / f"evaluate-{learner}" / f"{ENV}.parquet", [learner])
    write_curve(made.data / "gail" / ENV, [None, 20.0, 30.0, 40.0], seeds=2)
    write_curve(made.data / "dac" / ENV, [None, 60.0, 110.0], seeds=2)
    for who in ("expert", "bc", "gail", "dac"):
        write_film(results / f"films-{who}" / ENV)
    return made


def one_recorded(root: Path, returns: tuple[float | None, float | None] = (100.0, 120.0)) -> Made:
    """Write the pipeline of `one_set` without an expert, from recordings of which a return may be unknown."""
    made = one_set(root)
    document = read_params(made.params) | {"experts": {}, "recordings": {ENV: {"path": "recorded.npz"}}}
    write_params(document, made.params)
    write_demonstrations(made.data, returns)
    write_references(made.data / "results" / "references" / f"{ENV}.parquet", expert=None)
    rmtree(made.data / "results" / "films-expert")
    return made


def several_sets(root: Path) -> Made:
    """Write a pipeline of one environment and several sets, as the paper's; `gail` and `gail-bc` end at 60 and 40.

    The random policy and the expert were evaluated with every learner.
    """
    made = Made(root / "params.yaml", root / "data")
    one = {"env": ENV, "demonstrations": ENV, "trajs": 2}
    whole = {"env": ENV, "demonstrations": f"{ENV}-full", "trajs": 5}
    sets = {
        "sets": {f"{ENV}-2": one, f"{ENV}-full-5": whole},
        "cloned_sets": {f"{ENV}-2": one | {"cloning_steps": 10, "seeds": 2}},
        "entropy_sets": {f"{ENV}-2-1e-2": one | {"causal_entropy": 0.01}},
        "off_policy_sets": {},
        "filmed_sets": {f"{ENV}-2": one},
    }
    write_params(sets, root / "sets.yaml")
    document = tiny_params()
    for key in ("occupancy", "theory", "import", "recordings"):
        del document[key]
    del document["envs"]["Pendulum-v1"], document["experts"]["Pendulum-v1"]
    imitation = {key: document["gail"][key] for key in Imitation.model_fields}
    document |= {"fem": imitation, "gtal": imitation | {"env_steps": 777}}
    document["envs"][ENV] |= {"fem": {}, "gtal": {}}
    write_params(document, made.params)
    write_demonstrations(made.data)
    write_demonstrations(made.data, name=f"{ENV}-full")
    for number, (folder, cell, learners) in enumerate(EVALUATED):
        write_evaluation(made.data / "results" / folder / f"{cell}.parquet", learners, expert=210.0 + number)
    for learner, cell, last in (("gail", f"{ENV}-2", 60), ("gail", f"{ENV}-full-5", 60), ("gail-bc", f"{ENV}-2", 40)):
        write_curve(made.data / learner / cell, [None, 20.0, 20.0, last])
    write_film(made.data / "results" / "films" / f"{ENV}-2")
    return made


def write_demonstrations(
    data: Path, returns: tuple[float | None, float | None] = (100.0, 120.0), name: str = ENV
) -> None:
    """Write two trajectories, the first of which has two steps."""
    trajectories = pl.DataFrame({"trajectory": [0, 0, 1], "trajectory_return": [returns[0], *returns]})
    write_table(trajectories, data / "demonstrations" / f"{name}.parquet")


def write_references(file: Path, expert: float | None = 210.0) -> None:
    write_table(pl.DataFrame(_references(expert), schema=SCHEMA, orient="row"), file)


def _references(expert: float | None) -> list[tuple[object, ...]]:
    """Return two episodes of the random policy, and one of the expert in each mode."""
    rows: list[tuple[object, ...]] = [("random", None, "stochastic", i, 10.0, 5) for i in range(2)]
    if expert is not None:
        rows += [("expert", None, "deterministic", 0, expert, 5), ("expert", None, "stochastic", 0, 90.0, 5)]
    return rows


def write_evaluation(
    file: Path, learners: Sequence[str], expert: float | None = None, means: Mapping[str, float] = MEANS
) -> None:
    """Write two episodes of two policies of each learner: `means` and 20 more, and 30 less where they sample.

    With what the deterministic expert makes, it and the random policy are there, too.
    """
    rows = [] if expert is None else _references(expert)
    for learner in learners:
        for seed in range(2):
            mean = means[learner] + 20.0 * seed
            rows += [(learner, seed, "deterministic", i, mean + 3.0 * (2 * i - 1), 5) for i in range(2)]
            rows += [(learner, seed, "stochastic", i, mean - 30.0, 5) for i in range(2)]
    write_table(pl.DataFrame(rows, schema=SCHEMA, orient="row"), file)


def write_curve(directory: Path, returns: Sequence[float | None], seeds: int = 1) -> None:
    """Write a learning curve of an iteration each million steps, the same for all seeds."""
    tables = [
        pl.DataFrame({"env_steps": [1e6 * (i + 1) for i in range(len(returns))], "return": returns}).with_columns(
            kl=pl.col("env_steps") * 1e-8, seed=pl.lit(seed), **{key: pl.lit(value) for key, value in METRICS.items()}
        )
        for seed in range(seeds)
    ]
    write_table(pl.concat(tables), directory / "learning.parquet")


def write_film(directory: Path) -> None:
    for name in ("film.mp4", "preview.webp"):
        write_file(directory / name, name.encode())
