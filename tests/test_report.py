"""Scores, the paper's results, and what the report makes of them."""

import json
from base64 import b64encode
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from gailpipe.report.files import find_films, write_pages
from gailpipe.report.learning import learning_figure, learning_table, smooth
from gailpipe.report.results import TaskResult, scores_table, task_result
from gailpipe.report.returns import returns_figure
from gailpipe.report.scores import scores_figure

from gailpipe.evaluation.returns import SCHEMA
from gailpipe.evaluation.scores import differ, has_scale, interquartile_mean, normalized, score
from gailpipe.foundation.errors import UserError
from gailpipe.foundation.files import write_file
from gailpipe.grid.cells import require_cells
from gailpipe.grid.original import OriginalResults
from gailpipe.report.page import page
from gailpipe.report.style import apply_style, save_svg
from tests.workspace import ROOT


def test_normalised_score_is_0_for_random_and_1_for_the_expert() -> None:
    assert normalized(-500, -500, -80) == 0
    assert normalized(-80, -500, -80) == 1
    assert normalized(30.0, 10, 20) == 2


def test_interval_is_students() -> None:
    result = score([0.9, 1.0, 1.1])
    assert result.value == pytest.approx(1)
    assert result.ci95 is not None
    # t(0.975; 2) = 4.302653, s = 0.1
    assert result.ci95 == pytest.approx((1 - 4.302653 * 0.1 / 3**0.5, 1 + 4.302653 * 0.1 / 3**0.5))


def test_one_seed_has_no_interval() -> None:
    assert score([0.7]).ci95 is None


def test_the_papers_mean_gail_score_is_reproduced_from_its_results() -> None:
    paper = OriginalResults(ROOT / "paper" / "original")
    sizes = {
        (1, 4, 7, 10): ("CartPole-v1", "Acrobot-v1", "MountainCar-v0"),
        (4, 11, 18, 25): ("HalfCheetah-v5", "Hopper-v5", "Walker2d-v5", "Ant-v5"),
        (4, 11, 18): ("Reacher-v5",),
        (80, 160, 240): ("Humanoid-v5",),
    }
    scores = [
        paper.score(environment, "gail", trajs)
        for cell, environments in sizes.items()
        for environment in environments
        for trajs in cell
    ]
    found = [value for value in scores if value is not None]
    assert len(found) == 34
    assert sum(found) / 34 == pytest.approx(0.923, abs=5e-4)
    assert paper.score("Pendulum-v1", "gail", 4) is None
    assert paper.score("Hopper-v5", "gail", 5) is None


def test_missing_paper_results_are_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"must hold the paper's returns\.csv"):
        OriginalResults(tmp_path)


def evaluation() -> pl.DataFrame:
    rows: list[tuple[object, ...]] = [
        ("random", None, "stochastic", 0, 0.0, 5),
        ("random", None, "stochastic", 1, 20.0, 5),
    ]
    rows += [("expert", None, "deterministic", 0, 130.0, 5), ("expert", None, "stochastic", 0, 90.0, 5)]
    for learner, base in (("bc", 40.0), ("gail", 100.0)):
        for seed in range(3):
            rows += [(learner, seed, "deterministic", episode, base + 10 * seed + episode, 5) for episode in (0, 2)]
            rows += [(learner, seed, "stochastic", 0, -999.0, 5)]
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def result(expert_return: float = 110.0) -> TaskResult:
    return task_result("Hopper-v5", evaluation(), expert_return, {"bc": 4, "gail": 4}, {"bc": 0.35, "gail": None})


def curves() -> pl.DataFrame:
    steps = [(i + 1) * 1000.0 for i in range(5)] * 3
    return pl.DataFrame(
        {
            "env_steps": steps,
            "seed": [seed for seed in range(3) for _ in range(5)],
            "return": [None if step == 1000 else step / 100 for step in steps],
            "expert_accuracy": [0.7] * 15,
            "policy_accuracy": [0.6] * 15,
            "kl": [0.01, 0.02, 0.03, 0.04, 0.05] * 3,
            "entropy": [1.0] * 15,
        }
    )


def test_metrics_hold_the_numbers_worked_out_by_hand() -> None:
    metrics = result().metrics()
    assert metrics["random"] == {"return": 10}
    assert metrics["expert"] == {"return": 110, "deterministic_return": 130}
    assert {key: metrics["gail"][key] for key in ("trajs", "seeds", "return")} == {
        "trajs": 4,
        "seeds": 3,
        "return": 111,
    }
    assert metrics["gail"]["normalized"] == pytest.approx(1.01)
    assert metrics["gail"]["stochastic_return"] == -999
    assert metrics["bc"]["normalized"] == pytest.approx(0.41)
    assert metrics["bc"]["normalized_ci95"] == pytest.approx([0.41 - 0.248414, 0.41 + 0.248414], abs=1e-5)
    json.dumps(metrics)


def test_the_page_shows_every_number() -> None:
    text = page([result()], [])
    assert "\n### A-v1\n\nFilm of A.\n" in page([result()], ["### A-v1\n\nFilm of A."])
    for row in (
        "| Hopper-v5 | Random |  |  | 10.0 | 0 |  |  | 0 |",
        "| Hopper-v5 | Expert, demonstrating |  |  | 110.0 | 1 |  |  | 1 |",
        "| Hopper-v5 | Expert, evaluated |  | 130.0 | 90.0 |  |  |  |  |",
        "| Hopper-v5 | BC | 4 | 51.0 | -999.0 | 0.410 | 0.162 … 0.658 | 3 | 0.350 |",
        "| Hopper-v5 | GAIL | 4 | 111.0 | -999.0 | 1.010 | 0.762 … 1.258 | 3 | — |",
    ):
        assert row in text


def test_without_an_expert_better_than_random_there_is_no_scale() -> None:
    unscaled = result(expert_return=10.0)
    assert unscaled.metrics()["gail"]["normalized"] is None
    assert unscaled.metrics()["gail"]["return"] == 111
    assert "| GAIL | 4 | 111.0 | -999.0 | — | — | 3 | — |" in page([unscaled], [])
    scores_figure([unscaled])


def test_a_scale_must_be_more_than_luck() -> None:
    # means 10 and 12, of variance 16/3 each, so that two standard errors are 2 √(4/3 + 4/3) = 3.27
    assert not has_scale([8, 8, 12, 12], [10, 10, 14, 14])
    assert has_scale([8, 8, 12, 12], [13, 13, 17, 17])
    assert has_scale([-500.0] * 3, [-499.9] * 2)
    assert not has_scale([-500.0] * 3, [-500.0] * 2)
    assert not has_scale([0.0, 4.0], 6.0)  # one trajectory, taken to vary as random returns do: 4 against 2 √(4 + 8)
    assert has_scale([0.0, 4.0], 9.0)


def test_the_interquartile_mean_leaves_a_quarter_of_the_cells_out_at_either_end() -> None:
    cells = [[0.0], [1.0, 3.0], [4.0, 4.0, 4.0], [100.0]]
    # of 2 and 4; the second cell's mean is 1, 2 or 3 when its runs are drawn anew
    assert interquartile_mean(cells) == (3, 2.5, 3.5)
    assert interquartile_mean([[0.5], [0.7]]) == (0.6, 0.6, 0.6)


def test_runs_differ_beyond_their_spread_or_nothing_is_said() -> None:
    assert differ([1.0, 1.0], [0.995, 0.995]) is None
    assert differ([1.0], [0.5, 0.6]) is None
    assert differ([1.0, 1.0], [0.5]) is None
    assert differ([0.9, 1.0, 1.1], [0.4, 0.5, 0.6]) is True
    # mean 1, s = 0.1, t(0.975; 2) = 4.302653: a further run lies within 1 ± 0.4968
    assert differ([0.9, 1.0, 1.1], [0.51]) is False
    assert differ([0.9, 1.0, 1.1], [0.50]) is True


def test_figures_are_the_same_bytes_twice(tmp_path: Path) -> None:
    apply_style()
    for name in ("a", "b"):
        save_svg(scores_figure([result(), result()]), tmp_path / f"{name}-scores.svg")
        learning = learning_figure([result()], {"Hopper-v5": smooth(curves(), 0.4)})
        save_svg(learning, tmp_path / f"{name}-learning.svg")
        save_svg(returns_figure([result()], {"Hopper-v5": evaluation()}), tmp_path / f"{name}-returns.svg")
    for figure in ("scores", "learning", "returns"):
        first = (tmp_path / f"a-{figure}.svg").read_bytes()
        assert first == (tmp_path / f"b-{figure}.svg").read_bytes()
        assert b"<svg" in first


def test_films_are_shown_and_missing_ones_explained(tmp_path: Path) -> None:
    for name, files in (("A-v1", ("film.mp4", "preview.webp")), ("B-v1", ("missing.txt",))):
        for file in files:
            write_file(tmp_path / "data" / name / file, f"{name} {file}".encode())
    shown, missing = find_films(tmp_path / "data", ["A-v1", "B-v1"])
    assert shown.markdown() == "### A-v1\n\n![Expert, BC and GAIL: A-v1](films/A-v1.webp)"
    assert missing.markdown() == "### B-v1\n\nThere is [no film](films/B-v1.txt)."
    write_pages(tmp_path / "out", f"# A\n\n{shown.markdown()}\n\n{missing.markdown()}", [shown, missing])
    found = {path.name: path.read_text() for path in (tmp_path / "out" / "films").iterdir()}
    assert found == {"A-v1.webp": "A-v1 preview.webp", "B-v1.txt": "B-v1 missing.txt"}
    assert b64encode(b"A-v1 film.mp4").decode() in (tmp_path / "out" / "index.html").read_text()


def test_what_dvc_plots_are_means_over_seeds() -> None:
    assert scores_table([result(), result(expert_return=10.0)]).rows() == [
        ("Hopper-v5", "bc", pytest.approx(0.41)),
        ("Hopper-v5", "gail", pytest.approx(1.01)),
    ]
    two_seeds = pl.DataFrame({"million_steps": [1.0, 2.0, 1.0, 2.0], "return": [None, 3.0, None, 5.0]})
    assert learning_table({"A-v1": two_seeds}).rows() == [("A-v1", 2.0, 4.0)]


def test_a_smoothed_point_is_the_mean_of_a_share_of_the_run_around_it() -> None:
    smoothed = smooth(curves(), 0.6).filter(seed=1)
    assert smoothed["million_steps"].to_list() == [0.001, 0.002, 0.003, 0.004, 0.005]
    assert smoothed["kl"].to_list() == pytest.approx([0.015, 0.02, 0.03, 0.04, 0.045])
    assert smoothed["return"].to_list() == [20, 25, 30, 40, 45]
    twice_as_long = pl.concat([curves(), curves().with_columns(pl.col("env_steps") + 5000.0)]).sort("seed", "env_steps")
    smoothed = smooth(twice_as_long, 0.3).filter(seed=1)
    assert smoothed["kl"].to_list()[:5] == pytest.approx([0.015, 0.02, 0.03, 0.04, 0.1 / 3])


def test_figures_draw_what_was_measured() -> None:
    figure = returns_figure([result()], {"Hopper-v5": evaluation()})
    drawn = [sorted(np.asarray(axes.lines[-1].get_xdata()).tolist()) for axes in figure.axes]
    assert drawn == [[130], [41, 51, 61], [101, 111, 121]]  # the means of the expert's, BC's and GAIL's policies
    figure = learning_figure([result()], {"Hopper-v5": smooth(curves(), 0.1)})
    labels = ["return", "discriminator's accuracy", "KL of a step", "entropy (nats)"]
    assert [axes.get_ylabel() for axes in figure.axes] == labels
    lines = [np.asarray(axes.lines[0].get_ydata()).tolist() for axes in figure.axes]
    expected = [[20, 30, 40, 50], [0.7] * 5, [0.01, 0.02, 0.03, 0.04, 0.05], [1] * 5]
    assert lines == [pytest.approx(line) for line in expected]


def test_missing_and_left_over_cells_are_refused(tmp_path: Path) -> None:
    require_cells(tmp_path / "nothing", [])
    for name in ("Hopper-v5.parquet", "Ant-v5.parquet", ".gitignore"):
        (tmp_path / name).touch()
    require_cells(tmp_path, ["Hopper-v5", "Ant-v5"])
    with pytest.raises(UserError, match=r"holds results of Ant-v5, which no parameter names"):
        require_cells(tmp_path, ["Hopper-v5"])
    with pytest.raises(UserError, match="lacks results of Swimmer-v5"):
        require_cells(tmp_path, ["Hopper-v5", "Ant-v5", "Swimmer-v5"])
