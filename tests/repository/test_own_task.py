"""What docs/own-task.md shows does what it says."""

import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from gailpipe.envs.environment import load_environment, make_env
from gailpipe.foundation.tables import read_table
from gailpipe.pipeline.check import check_pipeline
from gailpipe.recordings.importing import import_recording
from tests.workspace import ROOT

PAGE = (ROOT / "docs" / "own-task.md").read_text()


def block(start: str) -> str:
    """Return the indented block of the page that begins with `start`."""
    found = re.search(rf"^{re.escape(textwrap.indent(start, '    '))}.*?(?=^\S)", PAGE, re.MULTILINE | re.DOTALL)
    assert found, start
    return textwrap.dedent(found.group()).strip() + "\n"


def test_the_tutorials_files_make_demonstrations(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    for folder in ("environments", "recordings"):
        (tmp_path / folder).mkdir()
    Path("environments/reach.py").write_text(block("import gymnasium\nimport numpy as np\nfrom gym"))
    Path("record.py").write_text(block("import gymnasium\nimport numpy as np\nimport polars"))
    common = (ROOT / "params.yaml").read_text().partition("experts: ")[0]
    Path("params.yaml").write_text(common + block("experts: {}"))
    subprocess.run([sys.executable, "record.py"], check=True)
    assert check_pipeline(Path("params.yaml")) == ["reach"]
    reach = load_environment(Path("params.yaml"), "reach")
    assert (reach.observation_dim, reach.max_episode_steps) == (4, 50)
    assert reach.code is not None
    import_recording("recordings/reach.parquet", reach, False, Path("demonstrations.parquet"))
    table = read_table(Path("demonstrations.parquet"), ())
    assert table["trajectory"].n_unique() == 30
    assert table["next_observation"].null_count() == 0
    assert table["trajectory_return"].to_numpy().mean() > -8
    env = make_env(reach, render_mode="rgb_array")
    env.reset(seed=0)
    assert env.render().shape == (200, 200, 3)  # type: ignore[union-attr]
