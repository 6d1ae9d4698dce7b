"""`lndp watch`: what it films, what it says meanwhile, and what it refuses."""

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest
from PIL import Image

from lndp_agents.commands import watch

Lndp = Callable[..., Any]
LNDP = Path(sys.executable).with_name("lndp")


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def size_and_frames(path: str) -> tuple[tuple[int, int], int]:
    with Image.open(path) as image:
        return image.size, getattr(image, "n_frames", 1)


def first_frame(path: str) -> Any:
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


class Blind(gymnasium.Env[Any, Any]):
    """As long as a trial of Foraging, with its spaces, and nothing to see."""

    observation_space = gymnasium.spaces.Box(0.0, 4.0, (1,), np.float32)
    action_space = gymnasium.spaces.Discrete(3)

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed)
        return np.zeros(1, np.float32), {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        return np.zeros(1, np.float32), 0.0, False, False, {}


@pytest.fixture
def blind() -> Iterator[str]:
    name = "Blind-v0"
    gymnasium.register(name, Blind, max_episode_steps=3)
    yield name
    del gymnasium.registry[name]


def test_a_real_process_films_an_injury(tmp_path: Path) -> None:
    command = [LNDP, "watch", "foraging-reversal", "--steps", "3", "--zero", "0.33", "--at", "2"]
    result = subprocess.run([*command, "--gif", "life.gif"], capture_output=True, text=True, check=False)
    assert (result.returncode, result.stdout) == (0, ""), result.stderr
    assert size_and_frames("life.gif") == ((640, 400), 5)
    first, *_, last = result.stderr.splitlines()
    assert re.fullmatch(r"5 frames of 640 x 400 pixels, some 0\.0 to 0\.1 MB", first)
    assert last == "wrote life.gif, 0.1 MB"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["life.gif"]


def test_a_gif_of_a_long_life_ends_early_and_says_so(
    lndp: Lndp, finished: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "GIF_STEPS", 2)
    result = lndp("watch", finished, "--gif", "life.gif", "--width", 320)
    assert result.code == 0
    note = "a life of 100 steps: at most its first 2 are filmed; --steps INT films more or fewer"
    assert result.err.splitlines()[0] == note
    assert size_and_frames("life.gif") == ((320, 200), 3)
    longer = lndp("watch", finished, "--gif", "life.gif", "--width", 320, "--steps", 5)
    assert note not in longer.err
    assert size_and_frames("life.gif")[1] == 6


def test_progress_is_told_on_stderr(lndp: Lndp, finished: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "LINE_SECONDS", -1.0)
    result = lndp("watch", finished, "--gif", "life.gif", "--width", 320, "--steps", 2)
    lines = result.err.splitlines()
    assert [re.sub(r"\d+:\d\d", "M:SS", line) for line in lines[1:4]] == [
        f"frame {number} of 3, M:SS left" for number in (1, 2, 3)
    ]
    assert result.out == ""


def test_a_world_without_a_picture_shows_the_brain_alone(lndp: Lndp, finished: Path, blind: str) -> None:
    result = lndp("watch", finished, "--env", blind, "--gif", "life.gif", "--width", 320)
    assert result.code == 0
    assert result.err.splitlines()[0] == "Blind-v0 has no rgb_array to draw: the brain alone is shown"
    assert size_and_frames("life.gif")[1] == 4


def test_the_brain_alone_where_there_is_a_picture(lndp: Lndp, finished: Path) -> None:
    options = ["--steps", 1, "--width", 720]
    for name, more in (("both", []), ("alone", ["--brain-only"])):
        assert lndp("watch", finished, "--gif", f"{name}.gif", *options, *more).code == 0
    both, alone = (first_frame(f"{name}.gif") for name in ("both", "alone"))
    assert (both[:, 170:220] != alone[:, 170:220]).any()
    middle = alone[100:260, 14:156].reshape(-1, 3)  # of the card, where the world would be
    assert len(np.unique(middle[5:-5], axis=0)) <= 3


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("--gif life.mp4", "life.mp4: only GIFs are written; name it life.gif"),
        ("--gif nowhere/life.gif", "nowhere/life.gif cannot be written (No such file or directory)"),
        ("--gif life.gif --at 3", "--at 3 without an injury: add --zero SHARE, --freeze, --saturate STEPS"),
        ("--gif life.gif --zero 0.5", "an injury without its step: add --at STEP, such as --at 50"),
        ("--gif life.gif --zero 2 --at 3", "zero=2.0: give a share from 0 to 1"),
        ("--gif life.gif --zero 1 --at 100", "at=100: 100 steps are drawn; give 0 to 99, or draw more"),
        ("--gif life.gif --nodes 99 --at 0 --steps 1", "nodes=99: this policy has"),
        ("--gif life.gif --width 0", "width=0: give at least 320"),
        ("--gif life.gif --steps 0", "steps=0: give at least 1"),
        ("--gif life.gif --fps 0", "fps=0: give 0.1 to 50 frames per second"),
    ],
)
def test_what_does_not_fit_is_refused_in_one_line(
    lndp: Lndp, finished: Path, options: str, message: str
) -> None:
    result = lndp("watch", finished, *options.split())
    assert (result.code, result.out) == (2, "")
    assert message in result.err.splitlines()[-1]
    assert result.err.splitlines()[-1].startswith("lndp: error: ")
    assert not Path("life.gif").exists()
