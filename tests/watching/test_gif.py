import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from lndp_agents import LNDPAgent
from lndp_agents.watching import frames_of_life, write_gif

RED, BLUE = (200, 20, 20), (20, 20, 200)


def squares(count: int, size: int = 40) -> list[Any]:
    """A red square that walks over blue."""
    frames = np.full((count, size, size, 3), BLUE, np.uint8)
    for step, frame in enumerate(frames):
        frame[5:10, step : step + 5] = RED
    return list(frames)


def read(path: Path) -> tuple[list[Any], list[int]]:
    """Frames (H, W, 3) and their durations in milliseconds."""
    with Image.open(path) as image:
        frames, durations = [], []
        for number in range(getattr(image, "n_frames", 1)):
            image.seek(number)
            frames.append(np.asarray(image.convert("RGB")))
            durations.append(image.info["duration"])
        assert image.info["loop"] == 0
    return frames, durations


def test_frames_come_back_as_they_were(tmp_path: Path):
    frames = squares(12)
    write_gif(tmp_path / "walk.gif", iter(frames), fps=20)
    read_back, durations = read(tmp_path / "walk.gif")
    assert durations == [50] * 11 + [3000]
    for one, two in zip(read_back, frames, strict=True):
        assert np.abs(one.astype(int) - two).max() <= 8
    assert list(tmp_path.iterdir()) == [tmp_path / "walk.gif"]


def test_frames_that_do_not_change_cost_nothing(tmp_path: Path):
    write_gif(tmp_path / "one.gif", squares(1))
    write_gif(tmp_path / "many.gif", squares(1) * 200)
    assert (tmp_path / "many.gif").stat().st_size < (tmp_path / "one.gif").stat().st_size + 100
    frames, durations = read(tmp_path / "many.gif")
    assert len(frames) <= 2
    assert sum(durations) == 199 * 100 + 3000


def test_a_life_of_foraging_is_small(tmp_path: Path, agent: LNDPAgent, env: Any):
    path = tmp_path / "life.gif"
    write_gif(path, frames_of_life(agent, env, 0, max_steps=16, width=640), fps=10, max_bytes=100_000)
    assert path.stat().st_size <= 100_000
    frames, durations = read(path)
    assert sum(durations) == 16 * 100 + 3000
    assert 0.75 * 640 <= frames[0].shape[1] <= 640


def test_a_limit_makes_frames_smaller_and_then_fewer(tmp_path: Path):
    noise = list(np.random.default_rng(0).integers(0, 255, (16, 40, 40, 3), np.uint8))
    sizes, counts = [], []
    for limit in (None, 22_000, 6_000):
        write_gif(tmp_path / "noise.gif", noise, fps=10, max_bytes=limit)
        frames, durations = read(tmp_path / "noise.gif")
        assert limit is None or (tmp_path / "noise.gif").stat().st_size <= limit
        assert durations[-1] == 3000
        sizes.append(frames[0].shape[0])
        counts.append(len(frames))
    assert sizes[0] == 40
    assert counts[0] == counts[1] == 16
    assert 30 <= sizes[1] < 40
    assert counts[2] < 16


def test_a_limit_that_cannot_be_kept(tmp_path: Path):
    with pytest.raises(ValueError, match=r"small\.gif would take more than 10 bytes"):
        write_gif(tmp_path / "small.gif", squares(3), max_bytes=10)
    assert not (tmp_path / "small.gif").exists()


@pytest.mark.parametrize(
    ("name", "error", "message"),
    [
        (
            "nowhere/life.gif",
            FileNotFoundError,
            r"life\.gif cannot be written \(No such file .*\): give a file in",
        ),
        (
            "text/life.gif",
            NotADirectoryError,
            r"life\.gif cannot be written \(Not a directory\): give a file in",
        ),
        ("", IsADirectoryError, "is a folder: give the name of a file in it"),
        ("life.mp4", ValueError, r"life\.mp4: only GIFs are written; name it .*life\.gif$"),
        ("life", ValueError, r"life: only GIFs are written; name it .*life\.gif$"),
        pytest.param(
            "/proc/life.gif",
            OSError,
            r"/proc/life\.gif cannot be written \(.*\): give a file in",
            marks=pytest.mark.skipif(
                sys.platform != "linux", reason="a folder that even root cannot write to"
            ),
        ),
    ],
)
def test_a_path_that_cannot_be_written_is_found_out_first(
    tmp_path: Path, name: str, error: type[Exception], message: str
):
    (tmp_path / "text").write_text("a file, not a folder")

    def never() -> Any:
        raise AssertionError("a frame was asked for")
        yield

    with pytest.raises(error, match=message):
        write_gif(tmp_path / name, never())


def test_an_old_file_stays_when_the_life_fails(tmp_path: Path):
    def failing() -> Any:
        yield from squares(2)
        raise RuntimeError("the environment broke")

    (tmp_path / "life.gif").write_bytes(b"old")
    with pytest.raises(RuntimeError, match="broke"):
        write_gif(tmp_path / "life.gif", failing())
    assert (tmp_path / "life.gif").read_bytes() == b"old"
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize(
    ("frames", "fps", "message"),
    [
        ([], 10, "no frames"),
        (squares(1) + squares(1, 50), 10, r"frame 1 is \(50, 50, 3\)"),
        (squares(2), 0, "fps=0"),
        (squares(2), 100, "fps=100"),
    ],
)
def test_bad_input(tmp_path: Path, frames: list[Any], fps: float, message: str):
    with pytest.raises(ValueError, match=message):
        write_gif(tmp_path / "life.gif", frames, fps)
