"""paper/findings.md says what results.csv says."""

from collections.abc import Sequence

import polars as pl
import pytest

from gailpipe.evaluation.scores import normalized
from gailpipe.grid.original import OriginalResults
from tests.workspace import ROOT

TEXT = " ".join((ROOT / "paper" / "findings.md").read_text().split())
RANDOM, EXPERT = pl.col("random_return"), pl.col("expert_return")
ALL_POLICIES = pl.read_csv(ROOT / "paper" / "report" / "results.csv").with_columns(
    normalized=normalized(pl.col("mean_return"), RANDOM, EXPERT),
    stochastic=normalized(pl.col("stochastic_return"), RANDOM, EXPERT),
    ceiling=normalized(pl.col("expert_deterministic_return"), RANDOM, EXPERT),
)
PLAIN = ALL_POLICIES.filter(pl.col("entropy_coefficient").fill_null(0.0) == 0)
OURS = PLAIN.filter(demonstrations=pl.col("environment"))
PAPERS = OriginalResults(ROOT / "paper" / "original").policies.filter(entropy_coefficient=0)
CLASSIC = ("CartPole-v1", "Acrobot-v1", "MountainCar-v0")
MUJOCO = ("Reacher-v5", "HalfCheetah-v5", "Hopper-v5", "Walker2d-v5", "Ant-v5", "Humanoid-v5")
LINEAR = ("fem", "gtal")


class Scores(dict[tuple[str, str, int], float]):
    """Mean scores over runs, by algorithm, environment and number of trajectories."""

    @classmethod
    def of(
        cls,
        policies: pl.DataFrame,
        algorithms: Sequence[str],
        environments: Sequence[str],
        column: str = "normalized",
        least: int = 1,
    ) -> "Scores":
        rows = policies.filter(pl.col("algorithm").is_in(algorithms), pl.col("environment").is_in(environments)).filter(
            pl.col("trajectories") >= least
        )
        means = rows.group_by("algorithm", "environment", "trajectories").agg(pl.col(column).mean())
        return cls({(algorithm, environment, size): mean for algorithm, environment, size, mean in means.iter_rows()})

    def without(self, algorithm: str, environment: str, size: int) -> "Scores":
        left = Scores(self)
        del left[algorithm, environment, size]
        return left

    def at(self, algorithm: str, environment: str, size: int) -> str:
        return said(self[algorithm, environment, size])

    @property
    def span(self) -> str:
        return f"{said(min(self.values()))} to {said(max(self.values()))}"


def said(score: float) -> str:
    return f"{score:.2f}".replace("-", "−")


def linear(*environments: str) -> tuple[Scores, Scores]:
    """Return the scores of FEM and GTAL, ours and the paper's."""
    return Scores.of(OURS, LINEAR, environments), Scores.of(PAPERS, LINEAR, environments)


def test_gails_means_without_reacher_from_four() -> None:
    means = []
    for policies in (OURS, PAPERS):
        scores = Scores.of(policies, ["gail"], [*CLASSIC, *MUJOCO])
        assert len(scores) == 34
        scores = scores.without("gail", "Reacher-v5", 4)
        means.append(f"{sum(scores.values()) / 33:.3f}")
    assert f"the two means are {' and '.join(means)}." in TEXT


def test_where_the_paper_is_above_our_own_expert() -> None:
    ceilings, shares = [], []
    for environment, sets in (("HalfCheetah-v5", [18, 25]), ("Walker2d-v5", [11, 18, 25])):
        (ceiling,) = OURS.filter(environment=environment, algorithm="gail")["ceiling"].unique()
        ours, papers = (Scores.of(policies, ["gail"], [environment]) for policies in (OURS, PAPERS))
        assert sorted(size for (_, _, size), score in papers.items() if score > ceiling) == sets
        for size in sets:
            key = ("gail", environment, size)
            shares.append((papers[key] - ceiling) / (papers[key] - ours[key]))
        ceilings.append(f"{ceiling:.3f}")
    assert "In five of the nine sets, HalfCheetah's two and Walker2d's three, the paper's score is above" in TEXT
    assert f"deterministically ({' and '.join(ceilings)};" in TEXT
    assert f"That is {100 * min(shares):.0f} to {100 * max(shares):.0f} % of the gap" in TEXT


def test_fem_and_gtal_on_mountain_car() -> None:
    assert f"(FEM and GTAL make {linear('MountainCar-v0')[0].span} from the same)" in TEXT


def test_the_uncertainty_of_the_scale() -> None:
    (share,) = OURS.select((pl.col("expert_standard_error") / (EXPERT - RANDOM)).max()).to_series()
    assert f"a standard error of up to {100 * share:.0f} %" in TEXT


def test_gail_from_a_clone() -> None:
    keys = ("demonstrations", "trajectories")
    cloned, random = (
        PLAIN.filter(algorithm=algorithm).group_by(keys).agg(pl.col("normalized").mean()).sort(keys)
        for algorithm in ("gail-bc", "gail")
    )
    both = cloned.join(random, on=keys)
    gains = {row[:2]: row[2] - row[3] for row in both.iter_rows()}
    fallen = gains.pop(("Walker2d-v5", 18))
    assert f"ends {-min(gains.values()):.2f} below to {max(gains.values()):.2f} above" in TEXT
    assert f"its one run, which falls in twelve of 50 episodes, ends {-fallen:.2f} below." in TEXT


def test_the_cost_of_the_causal_entropy() -> None:
    of_gail = ALL_POLICIES.filter(environment="Reacher-v5", algorithm="gail")
    means = of_gail.group_by("trajectories", "entropy_coefficient").agg(pl.col("stochastic_return").mean())
    without, much = (means.filter(entropy_coefficient=weight).sort("trajectories") for weight in (0, 0.01))
    costs = (without["stochastic_return"] - much["stochastic_return"]).to_list()
    assert f"0.01 costs stochastic policies {min(costs):.1f} to {max(costs):.1f} of return" in TEXT


def test_gail_with_noise() -> None:
    assert f"GAIL makes {Scores.of(OURS, ['gail'], MUJOCO, 'stochastic').span} on MuJoCo's tasks" in TEXT


def test_bc() -> None:
    enough = Scores.of(OURS, ["bc"], ["HalfCheetah-v5", "Ant-v5"], least=11)
    assert f"On HalfCheetah and Ant 11 are enough for {said(min(enough.values()))} and more" in TEXT
    noisy = Scores.of(OURS, ["bc"], ["HalfCheetah-v5", "Ant-v5"], "stochastic")
    assert f"({noisy.at('bc', 'HalfCheetah-v5', 11)} and {noisy.at('bc', 'Ant-v5', 11)})" in TEXT
    small = Scores.of(OURS, ["bc"], [*CLASSIC, "Reacher-v5"], least=4)
    assert f"on classic environments and Reacher four make {said(min(small.values()))} and more" in TEXT
    ours, papers = (Scores.of(policies, ["bc"], [*CLASSIC, *MUJOCO]) for policies in (OURS, PAPERS))
    worse = {key[1:]: papers[key] - ours[key] for key in papers if ours[key] < papers[key]}
    assert f"worse in nine, by up to {max(worse.values()):.2f}:" in TEXT
    assert "MountainCar from 1, Hopper and Walker2d from 11 on, and Humanoid from 160 on." in TEXT
    assert sorted(worse) == [
        *[("Hopper-v5", size) for size in (11, 18, 25)],
        *[("Humanoid-v5", size) for size in (160, 240)],
        ("MountainCar-v0", 1),
        *[("Walker2d-v5", size) for size in (11, 18, 25)],
    ]


@pytest.mark.parametrize(
    ("environment", "sentence"),
    [
        ("HalfCheetah-v5", "HalfCheetah ({ours}; the paper's {papers})"),
        ("Ant-v5", "Ant ({ours}; {papers})"),
        ("Humanoid-v5", "Humanoid ({ours}; {papers})"),
        ("Acrobot-v1", "Acrobot ({ours}; {papers})"),
    ],
)
def test_where_fem_and_gtal_are_ahead_of_the_papers(environment: str, sentence: str) -> None:
    ours, papers = linear(environment)
    if environment == "Humanoid-v5":
        ours = ours.without("gtal", "Humanoid-v5", 240)
    assert all(ours[key] > papers[key] for key in ours)
    assert sentence.format(ours=ours.span, papers=papers.span) in TEXT


def test_fem_and_gtal_from_whole_trajectories() -> None:
    humanoid, standing_up = (
        " and ".join(Scores.of(PLAIN, LINEAR, [environment]).at(name, environment, 5) for name in LINEAR)
        for environment in ("Humanoid-v5", "HumanoidStandup-v5")
    )
    assert f"they make {humanoid} on Humanoid, and {standing_up} on HumanoidStandup." in TEXT


def test_fem_and_gtal_elsewhere() -> None:
    ours, papers = linear("Hopper-v5", "MountainCar-v0")
    most = ours.without("fem", "Hopper-v5", 18)
    fem, gtal = (Scores({key: score for key, score in papers.items() if key[0] == name}).span for name in LINEAR)
    assert f"they make {most.span} (the paper's FEM {fem}, its GTAL {gtal})" in TEXT
    fallen = ("fem", "Hopper-v5", 18)
    noisy = Scores.of(OURS, LINEAR, ["Hopper-v5"], "stochastic")
    assert f"makes {ours.at(*fallen)} ({papers.at(*fallen)}), with noise {noisy.at(*fallen)}" in TEXT
    ours, papers = linear("Walker2d-v5")
    behind = [("fem", 4), ("fem", 25), ("gtal", 11), ("gtal", 18)]
    for name, size in behind:
        key = (name, "Walker2d-v5", size)
        assert f"({ours.at(*key)}; {papers.at(*key)})" in TEXT
    assert {
        (name, size)
        for (name, _, size) in ours
        if papers[name, "Walker2d-v5", size] - ours[name, "Walker2d-v5", size] > 0.1
    } == set(behind)
