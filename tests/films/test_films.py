"""Films: what is in the frames, and in the files."""

import subprocess
import sys
from fractions import Fraction
from io import BytesIO
from pathlib import Path

import av
import gymnasium
import numpy as np
import pytest
import torch
from gymnasium.envs.mujoco import MujocoEnv
from numpy.typing import NDArray
from PIL import Image, ImageSequence

from gailpipe.envs.environment import find_environment
from gailpipe.films.__main__ import find_policy
from gailpipe.films.cast import film_into
from gailpipe.films.pictures import BAR, mp4_bytes, pictures_of, webp_bytes
from gailpipe.films.record import RenderingError, Take, _make, take
from gailpipe.foundation.errors import UserError
from gailpipe.policies.policy import make_policy
from gailpipe.policies.policy_file import policy_bytes
from tests.workspace import ROOT

CARTPOLE = find_environment("CartPole-v1")
SIZE = 32, 16


def push_right(observations: NDArray) -> NDArray:
    return np.ones(len(observations), np.int64)


def test_a_take_shows_an_episode_at_its_own_speed_with_its_return_so_far() -> None:
    steps = 0
    env = gymnasium.make("CartPole-v1")
    env.reset(seed=3)
    while not env.step(1)[2]:
        steps += 1
    steps += 1
    found = take(CARTPOLE, push_right, seed=3, seconds=10, fps=25, size=SIZE)
    assert env.metadata["render_fps"] == 50
    assert found.returns == [float(step) for step in [*range(0, steps, 2), steps]]
    assert len(found.frames) == len(found.returns)
    assert found.ended
    assert found.frames[0].dtype == np.uint8
    assert (found.frames[0] != found.frames[-1]).any()


def test_a_take_ends_with_its_time() -> None:
    found = take(CARTPOLE, push_right, seed=3, seconds=0.1, fps=50, size=SIZE)
    assert (len(found.frames), found.ended) == (5, False)


def test_a_slow_environment_has_each_step_in_several_frames() -> None:
    found = take(find_environment("Acrobot-v1"), push_right, seed=3, seconds=2, fps=30, size=SIZE)
    assert found.returns == [-float(step) for step in range(31) for _ in range(2)][1:62]


def saved_policy(folder: Path) -> Path:
    path = folder / "policy.safetensors"
    path.write_bytes(policy_bytes(make_policy(CARTPOLE, [4], 0.0, torch.Generator().manual_seed(0))))
    return path


@pytest.mark.parametrize("broken", ["gymnasium.Wrapper.render", "gymnasium.make"])
def test_an_environment_that_can_not_be_rendered_leaves_a_note(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str], broken: str
) -> None:
    def fail(*_: object, render_mode: str | None = "rgb_array", **__: object) -> object:
        if render_mode is None:
            return env
        raise RuntimeError("no EGL")

    env = gymnasium.make("CartPole-v1")
    monkeypatch.setattr(broken, fail)
    monkeypatch.setenv("DVC_STAGE", "paper/dvc.yaml:film@a")
    sentence = "CartPole-v1: can't be rendered: no EGL"
    with pytest.raises(RenderingError, match=f"^{sentence}$"):
        take(CARTPOLE, push_right, seed=0, seconds=1, fps=25, size=SIZE)
    film_into(tmp_path / "film", CARTPOLE, [("expert", saved_policy(tmp_path))], 1, 0)
    (note,) = (tmp_path / "film").iterdir()
    expected = f"no film: {sentence}; then run `dvc repro --force --single-item paper/dvc.yaml:film@a`\n"
    assert (note.name, note.read_text()) == ("missing.txt", expected)
    assert expected in capsys.readouterr().err
    monkeypatch.delenv("DVC_STAGE")
    film_into(tmp_path / "by hand", CARTPOLE, [("expert", saved_policy(tmp_path))], 1, 0)
    assert (tmp_path / "by hand" / "missing.txt").read_text() == f"no film: {sentence}; then film again\n"


@pytest.mark.parametrize(("name", "follows", "repeats"), [("Hopper-v5", True, True), ("Reacher-v5", False, False)])
def test_cameras_follow_and_floors_are_larger_where_there_are_any(name: str, follows: bool, repeats: bool) -> None:
    plain, env = gymnasium.make(name).unwrapped, _make(find_environment(name), SIZE).unwrapped
    assert isinstance(plain, MujocoEnv)
    assert isinstance(env, MujocoEnv)
    assert (env.width, env.height) == SIZE
    assert (env.camera_name == "track") == follows
    assert env.model.geom_size[:, 0].max() > 2 * plain.model.geom_size[:, 0].max()
    assert (env.model.mat_texrepeat.sum() > plain.model.mat_texrepeat.sum()) == repeats


def of_one_colour(level: int, frames: int, ended: bool) -> Take:
    return Take([np.full((16, 32, 3), level, np.uint8)] * frames, [float(n) for n in range(frames)], ended)


def test_takes_stand_side_by_side_and_who_has_ended_fades() -> None:
    pictures = pictures_of([("short", of_one_colour(0, 2, True)), ("long", of_one_colour(100, 5, False))], SIZE)
    assert [picture.size for picture in pictures] == [(64, 16 + BAR)] * 5
    short, long = (np.array([np.asarray(p)[-1, x] for p in pictures])[:, 0] for x in (0, 63))
    assert (long == 100).all()
    assert (short[:2] == 0).all()
    assert (short[2:] > 50).all()
    words = [np.asarray(picture)[:BAR, :32].tobytes() for picture in pictures]
    assert len(set(words[:2])) == 2
    assert len(set(words[1:])) == 1


def test_a_frame_of_another_shape_is_not_distorted() -> None:
    frame = np.full((40, 80, 3), 255, np.uint8)
    frame[10:30, 20:40] = 0
    (picture,) = pictures_of([("wide", Take([frame], [0.0], False))], (80, 80))
    dark = np.asarray(picture)[BAR:].max(axis=2) < 128
    rows, columns = (np.flatnonzero(dark.any(axis=axis)) for axis in (1, 0))
    assert (rows[0], rows[-1], columns[0], columns[-1]) == (30, 49, 20, 39)


def test_a_film_holds_all_its_pictures_at_their_speed() -> None:
    pictures = [Image.new("RGB", (64, 60), (level, 0, 0)) for level in range(0, 250, 10)]
    content = mp4_bytes(pictures, 25)
    assert content == mp4_bytes(pictures, 25)
    with av.open(BytesIO(content), "r") as container:
        stream = container.streams.video[0]
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(stream)]
        assert (stream.codec_context.name, stream.width, stream.height) == ("h264", 64, 60)
        assert stream.average_rate == Fraction(25)
    assert len(frames) == 25
    assert abs(float(frames[12][..., 0].mean()) - 120) < 10


def test_a_preview_moves_for_ever() -> None:
    pictures = [Image.new("RGB", (64, 60), (level, 0, 0)) for level in range(0, 250, 50)]
    preview = Image.open(BytesIO(webp_bytes(pictures, 20, 32)))
    assert (preview.size, preview.info["loop"], len(list(ImageSequence.Iterator(preview)))) == ((32, 30), 0, 3)
    preview.seek(1)
    preview.load()
    assert preview.info["duration"] == 100


def test_the_same_seed_gives_the_same_film(tmp_path: Path) -> None:
    for name, seed in (("once", 1), ("again", 1), ("other", 2)):
        film_into(tmp_path / name, CARTPOLE, [("me", saved_policy(tmp_path))], 5, seed)
    once, again, other = (
        {path.name: path.read_bytes() for path in (tmp_path / name).iterdir()} for name in ("once", "again", "other")
    )
    assert set(once) == {"film.mp4", "preview.webp"}
    assert Image.open(BytesIO(once["preview.webp"])).width == 260
    assert once == again
    assert once["film.mp4"] != other["film.mp4"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--out", "film.avi"), "error: --out film.avi: must end in .mp4 or .webp"),
        (("--seconds", "nan"), "error: --seconds nan: must be greater than 0"),
        (("--seed", "-1"), "error: --seed -1: must be 0 or greater"),
        ((), "error: {file}: is no safetensors file of gailpipe"),
    ],
)
def test_wrong_arguments_are_named(tmp_path: Path, arguments: tuple[str, ...], message: str) -> None:
    file = tmp_path / "policy.safetensors"
    file.touch()
    command = (sys.executable, "-m", "gailpipe.films", "CartPole-v1", str(file), *arguments)
    process = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert process.returncode == 1
    assert process.stderr.startswith(message.format(file=file)), process.stderr


def test_a_policy_is_found_by_its_name_or_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("data/experts/X/policy", "data/bc/X/seed-0", "mine/seed-3"):
        path = Path(f"{name}.safetensors")
        path.parent.mkdir(parents=True)
        path.touch()
    assert find_policy("X", "expert") == ("expert", Path("data/experts/X/policy.safetensors"))
    assert find_policy("X", "bc") == ("bc", Path("data/bc/X/seed-0.safetensors"))
    assert find_policy("X", "mine/seed-3.safetensors") == ("mine", Path("mine/seed-3.safetensors"))
    assert find_policy("X", "data/bc/X/seed-0.safetensors")[0] == "bc"
    with pytest.raises(UserError, match=r"^gail: there is no data/gail/X/seed-0\.safetensors; `dvc repro` makes"):
        find_policy("X", "gail")
