"""The report as files and in words: every number worked out by hand."""

import json
from base64 import b64encode
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path

import polars as pl
import pytest

from gailpipe.algorithms.bc.settings import Bc
from gailpipe.algorithms.catalogue import LEARNERS, Learner
from gailpipe.envs.environment import find_environment
from gailpipe.evaluation import candidates
from gailpipe.evaluation.candidates import evaluate_learners
from gailpipe.foundation.errors import UserError
from gailpipe.foundation.files import write_file
from gailpipe.foundation.params import read_params
from gailpipe.foundation.tables import write_table
from gailpipe.policies.policy import make_policy
from gailpipe.policies.policy_file import policy_bytes
from gailpipe.report.build import build_report
from gailpipe.report.films import films_markdown, find_films
from gailpipe.review.scores import changes
from gailpipe.rl.on_policy.settings import Imitation
from tests.environments import generator
from tests.pipelines import (
    ENV,
    Made,
    one_recorded,
    one_set,
    several_sets,
    write_curve,
    write_evaluation,
    write_film,
)
from tests.workspace import ROOT, write_params

ORIGINAL = ROOT / "data" / "original"


def built(made: Made, out: Path, introduction: Path | None = None) -> str:
    build_report(made.params, made.data, ORIGINAL, introduction, out)
    return "".join((out / name).read_text() for name in ("README.md", "details.md"))


def files_in(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*.*"))


def test_a_report_of_one_set_an_environment_shows_every_number(tmp_path: Path) -> None:
    text = built(one_set(tmp_path), tmp_path / "out")
    for row in (
        f"| {ENV} | Random |  |  | 10.0 | 0 |  |  | 0 |",
        f"| {ENV} | Demonstrations |  |  | 110.0 | 1 |  |  | 1 |",
        f"| {ENV} | Expert |  | 210.0 | 90.0 |  |  |  |  |",
        f"| {ENV} | BC | 2 | 50.0 | 20.0 | 0.400 | -0.871 … 1.671 | 2 | — |",
        f"| {ENV} | GAIL | 2 | 170.0 | 140.0 | 1.600 | 0.329 … 2.871 | 2 | — |",
        f"| {ENV} | DAC | 2 | 110.0 | 80.0 | 1.000 | -0.271 … 2.271 | 2 | — |",
    ):
        assert row in text
    headings = [line for line in text.splitlines() if line.startswith("## ")]
    names = [
        "In short",
        "Scores",
        "Compared",
        "Interactions",
        "Details",
        "Returns",
        "Learning",
        "Films",
        "All policies",
    ]
    assert headings == [f"## {name}" for name in names]
    assert files_in(tmp_path / "out") == [
        "README.md",
        "details.md",
        *(f"figures/{name}.svg" for name in ("interactions", "learning", "returns", "scores")),
        *(f"films/{ENV}-{who}.webp" for who in ("bc", "dac", "expert", "gail")),
        "index.html",
        "learning.csv",
        "metrics.json",
        "results.csv",
        "scores.csv",
    ]


def test_a_report_of_several_sets_shows_ours_beside_the_papers(tmp_path: Path) -> None:
    write_file(tmp_path / "introduction.md", b"# A grid\n")
    text = built(several_sets(tmp_path), tmp_path / "out", tmp_path / "introduction.md")
    assert text.startswith("# A grid\n\nWritten by the `report` stage.")
    assert "\n| CartPole-v1 | 2 | 0.40 | 0.80 | 1.20 | 1.60 | 0.60 |\n" in text
    assert "\n| CartPole-v1 | 2 | 0.10 | 0.50 | 0.90 | 1.30 | 0.30 |\n" in text  # stochastic
    assert "\n| CartPole-v1 | 10.0 | 110 ± 10 | 210 (2.00) | 90.0 (0.80) | 200 |\n" in text
    assert "\n| CartPole-v1 | 2 | 50.0 ± 14.1 | 90.0 ± 14.1 | 130 ± 14 | 170 ± 14 | 70.0 ± 14.1 |\n" in text
    assert "\n| environment | trajectories | λ = 0 | λ = 0.01 |\n" in text
    assert "\n| CartPole-v1 | 2 | 1.60 | 0.20 |\n" in text
    assert "\n| environment | trajectories | BC | FEM | GTAL | GAIL |\n" in text
    assert [line for line in text.splitlines() if line.startswith("| CartPole-v1 | 5 |")] == [
        "| CartPole-v1 | 5 | 0.40, 0.10 | 0.80, 0.50 | 1.20, 0.90 | 1.60, 1.30 |",
        "| CartPole-v1 | 5 | 50.0 ± 14.1 | 90.0 ± 14.1 | 130 ± 14 | 170 ± 14 |",
    ]
    assert "\n| CartPole-v1 | 2 | 170 ± 14 | 30.0 ± 14.1 |\n" in text  # λ = 0 and 0.01
    assert "before and after it, 5 % of the run's" in text
    assert "\n| CartPole-v1 | 2 | 4.00 | never | never | never |\n" in text
    names = ["In short", "Scores", "Compared", "Where GAIL falls short", "Experts", "Details", "All sets"]
    names += ["Acting with noise", "Whole trajectories", "Causal entropy", "Learning", "Films", "All returns"]
    names += ["All policies"]
    assert [line for line in text.splitlines() if line.startswith("## ")] == [f"## {name}" for name in names]
    header = (ORIGINAL / "returns.csv").read_text().splitlines()[0]
    assert (tmp_path / "out" / "results.csv").read_text().startswith(f"{header},stochastic_return,expert_return")


@pytest.mark.parametrize("made", [one_set, several_sets])
def test_a_report_is_the_same_bytes_twice(tmp_path: Path, made: Callable[[Path], Made]) -> None:
    pipeline = made(tmp_path)
    for out in ("a", "b"):
        built(pipeline, tmp_path / out)
    names = files_in(tmp_path / "a")
    assert names == files_in(tmp_path / "b")
    assert all((tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes() for name in names)


@pytest.mark.parametrize(
    ("made", "rows"),
    [
        (one_set, ["| GAIL | 2 | 170.0 | 140.0 | — | — | 2 | — |"]),
        (several_sets, ["| CartPole-v1 | 2 | — | — | — | — | — |", "| 10.0 | 10.0 | 210 (—) | 90.0 (—) | 200 |"]),
    ],
)
def test_without_a_scale_there_are_no_scores(tmp_path: Path, made: Callable[[Path], Made], rows: list[str]) -> None:
    pipeline = made(tmp_path)
    table = pl.DataFrame({"trajectory": [0], "trajectory_return": [10.0]})
    write_table(table, pipeline.data / "demonstrations" / f"{ENV}.parquet")
    text = built(pipeline, tmp_path / "out")
    assert all(row in text for row in [*rows, "\nNothing has a score"])
    assert "Each row compares" not in text
    assert "Interactions" not in text
    assert not (tmp_path / "out" / "figures" / "interactions.svg").exists()


def test_a_report_needs_neither_several_seeds_nor_equal_sizes_nor_an_episode_that_ended(tmp_path: Path) -> None:
    made = one_set(tmp_path)
    document = deepcopy(read_params(made.params))
    document["gail"]["trajs"] = 3
    write_params(document, made.params)
    for learner in ("bc", "gail", "dac"):
        file = made.data / "results" / f"evaluate-{learner}" / f"{ENV}.parquet"
        write_table(pl.read_parquet(file).filter(seed=0), file)
    write_curve(made.data / "gail" / ENV, [None] * 4)
    text = built(made, tmp_path / "out")
    assert f"| {ENV} | BC | 2 | 40.0 | 10.0 | 0.300 | — | 1 | — |" in text
    assert f"| {ENV} | GAIL | 3 | 160.0 | 130.0 | 1.500 | — | 1 | — |" in text
    assert "Each row compares" not in text  # GAIL and BC have no set in common, and the paper has none of these


def test_one_set_an_environment_may_stand_among_sets(tmp_path: Path) -> None:
    made = one_set(tmp_path)
    document = deepcopy(read_params(made.params))
    imitation = {key: document["gail"][key] for key in Imitation.model_fields}
    document["envs"][ENV] |= {"fem": {}, "gtal": {}}
    write_params(document | {"fem": imitation, "gtal": imitation}, made.params)
    one = {ENV: {"env": ENV, "demonstrations": ENV, "trajs": 2}}
    sets = {"full": {}, "sets": one, "cloned_sets": {}, "entropy_sets": {}, "off_policy_sets": one, "filmed_sets": one}
    write_params(sets, tmp_path / "sets.yaml")
    write_evaluation(made.data / "results" / "evaluate-linear" / f"{ENV}.parquet", ["fem", "gtal"])
    text = built(made, tmp_path / "out")
    assert f"| {ENV} | 2 | 0.40 | 0.80 | 1.20 | 1.60 | 1.00 |" in text
    assert "\n## Interactions\n" in text


def test_a_new_learner_needs_a_line_in_the_catalogue_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(LEARNERS, "toy", Learner("Toy", "#123456", "P", "toy", Bc, optional=True))
    monkeypatch.setattr(candidates, "side_by_side", map)
    made = one_set(tmp_path, extra="toy")
    content = policy_bytes(make_policy(find_environment(ENV), [8], 0.0, generator()))
    for seed in range(2):
        write_file(made.data / "toy" / ENV / f"seed-{seed}.safetensors", content)
    learned = made.data / "toy" / ENV
    evaluated = made.data / "results" / "evaluate-toy" / f"{ENV}.parquet"
    evaluate_learners(find_environment(ENV), {"toy": learned}, episodes=2, seed=0, out=evaluated)
    text = built(made, tmp_path / "out")
    assert f"| {ENV} | Toy | 2 | " in text
    for figure in ("scores", "returns"):
        assert "#123456" in (tmp_path / "out" / "figures" / f"{figure}.svg").read_text()
    after = json.loads((tmp_path / "out" / "metrics.json").read_text())
    before = {ENV: {name: entry for name, entry in after[ENV].items() if name != "toy"}}
    verdicts = {change.learner: change.verdict for change in changes(before, after)}
    assert verdicts == {"bc": "same", "gail": "same", "dac": "same", "toy": "new"}


def test_a_learner_that_was_evaluated_and_not_filmed_stands_in_tables_and_figures(tmp_path: Path) -> None:
    made = one_set(tmp_path)
    before = built(made, tmp_path / "before")
    write_evaluation(made.data / "results" / "evaluate-bc-plain" / f"{ENV}.parquet", ["bc-plain"])
    text = built(made, tmp_path / "out")
    assert f"| {ENV} | BC, unregularised | 2 | 40.0 | 10.0 | 0.300 | -0.971 … 1.571 | 2 | — |" in text
    line = "| BC | BC, unregularised | 1 | 0.400 | 0.300 | +0.100 | 1 | 1 | 0 | 0 | 0.75 ("
    assert line in text
    assert line not in before
    for figure in ("scores", "returns"):
        assert LEARNERS["bc-plain"].color in (tmp_path / "out" / "figures" / f"{figure}.svg").read_text()
    assert files_in(tmp_path / "out") == files_in(tmp_path / "before")


def test_a_text_that_is_not_utf_8_is_named(tmp_path: Path) -> None:
    write_file(tmp_path / "introduction.md", b"\xff")
    with pytest.raises(UserError, match=r"introduction\.md: is not UTF-8"):
        built(one_set(tmp_path), tmp_path / "out", tmp_path / "introduction.md")


def test_an_introduction_that_is_not_there_is_named_and_nothing_is_written(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"introduction\.md: can.t be read: No such file"):
        built(one_set(tmp_path), tmp_path / "out", tmp_path / "introduction.md")
    assert not (tmp_path / "out").exists()


def test_films_of_a_name_stand_beside_each_other_and_missing_ones_are_explained(tmp_path: Path) -> None:
    for folder, name in (("films-gail", "A"), ("films-gail", "B"), ("films-expert", "A"), ("films-fem", "B")):
        write_film(tmp_path / folder / name)
    write_file(tmp_path / "films-fem" / "A" / "missing.txt", b"no EGL")
    assert films_markdown(find_films(tmp_path, ["A", "B"])) == [
        "### A\n\n![Film: A, Expert](films/A-expert.webp)\nFEM: [no film](films/A-fem.txt).\n"
        "![Film: A, GAIL](films/A-gail.webp)",
        "### B\n\n![Film: B, FEM](films/B-fem.webp)\n![Film: B, GAIL](films/B-gail.webp)",
    ]
    with pytest.raises(UserError, match="films-expert: holds results of A, which no parameter names"):
        find_films(tmp_path, ["B"])
    with pytest.raises(UserError, match="films-fem: lacks results of C"):
        find_films(tmp_path, ["A", "B", "C"])
    write_film(tmp_path / "films-dagger" / "A")
    with pytest.raises(UserError, match="films-dagger: holds films of somebody whom the catalogue of learners lacks"):
        find_films(tmp_path, ["A", "B"])


def test_a_film_in_which_all_act_stands_alone(tmp_path: Path) -> None:
    write_film(tmp_path / "films" / "A-v1")
    write_file(tmp_path / "films" / "B-v1" / "missing.txt", b"no EGL")
    assert films_markdown(find_films(tmp_path, ["A-v1", "B-v1"])) == [
        "### A-v1\n\n![Film: A-v1](films/A-v1.webp)",
        "### B-v1\n\nThere is [no film](films/B-v1.txt).",
    ]


def test_the_page_has_whole_films_and_its_markdown_their_previews(tmp_path: Path) -> None:
    text = built(one_set(tmp_path), tmp_path / "out")
    assert f"### {ENV}\n\n![Film: {ENV}, Expert](films/{ENV}-expert.webp)\n![Film: {ENV}, BC](" in text
    assert (tmp_path / "out" / "films" / f"{ENV}-gail.webp").read_text() == "preview.webp"
    page = (tmp_path / "out" / "index.html").read_text()
    assert page.count(b64encode(b"film.mp4").decode()) == 4
    assert 'href="#all-policies">columns' in page
    assert "details.md" not in page


@pytest.mark.parametrize(
    ("returns", "rows"),
    [
        (
            (100.0, 120.0),
            ["| Demonstrations |  |  | 110.0 | 1 |  |  | 1 |", "| BC | 2 | 50.0 | 20.0 | 0.400 | -0.871 … 1.671 | 2 |"],
        ),
        ((None, None), ["| Demonstrations |  |  | — | — |  |  | 1 |", "| BC | 2 | 50.0 | 20.0 | — | — | 2 | — |"]),
    ],
)
def test_without_an_expert_the_report_shows_all_that_is_known(
    tmp_path: Path, returns: tuple[float | None, float | None], rows: list[str]
) -> None:
    text = built(one_recorded(tmp_path, returns), tmp_path / "out")
    assert "| Expert |" not in text
    for row in rows:
        assert f"| {ENV} {row}" in text
    assert f"### {ENV}\n\n![Film: {ENV}, BC](films/{ENV}-bc.webp)\n" in text
    if None in returns:
        assert "\nNothing has a score" in text
    else:  # of the runs' deterministic and stochastic scores, on the demonstrations' scale
        assert "| GAIL | 1 | 2 | 1.600 (1.500 … 1.700) | 1.300 (1.200 … 1.400) | 1.600, 1.300 | 0.0 |" in text
    files = files_in(tmp_path / "out")
    assert {f"figures/{name}.svg" for name in ("learning", "returns", "scores")} < set(files)
    after = json.loads((tmp_path / "out" / "metrics.json").read_text())
    assert {change.verdict for change in changes(after, after)} <= {"same"}
