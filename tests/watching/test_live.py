"""The window, on SDL's dummy display."""

import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pygame
import pytest

from lndp_agents.watching import show
from lndp_agents.watching.live import Viewer

FRAME = np.zeros((30, 40, 3), np.uint8)


def press(key: int) -> None:
    pygame.event.post(pygame.event.Event(pygame.KEYDOWN, key=key))


def close() -> None:
    pygame.event.post(pygame.event.Event(pygame.QUIT))


def frames_with(events: dict[int, Callable[[], None]], shown: list[int], count: int = 6) -> Iterator[Any]:
    """Frames; before some of them, a person does something."""
    for number in range(count):
        events.get(number, lambda: None)()
        shown.append(number)
        yield FRAME


@pytest.mark.parametrize(
    "end", [close, lambda: press(pygame.K_ESCAPE), lambda: press(pygame.K_q)], ids=["button", "escape", "q"]
)
def test_a_closed_window_ends_the_life(end: Callable[[], None]):
    shown: list[int] = []
    show(frames_with({3: end}, shown), fps=1000)
    assert shown == [0, 1, 2, 3]
    assert not pygame.display.get_init()


def test_the_last_frame_stays_until_the_window_is_closed():
    shown: list[int] = []

    def frames() -> Iterator[Any]:
        yield from frames_with({}, shown)
        close()

    show(frames(), fps=1000)
    assert len(shown) == 6


def test_a_pause_shows_frame_after_frame_on_demand():
    shown: list[int] = []

    def pause() -> None:
        press(pygame.K_SPACE)
        press(pygame.K_RIGHT)

    show(frames_with({1: pause, 2: lambda: press(pygame.K_RIGHT), 3: close}, shown), fps=1000)
    assert shown == [0, 1, 2, 3]


def test_space_goes_on_after_a_pause():
    window = Viewer(40, 30)
    press(pygame.K_SPACE)
    press(pygame.K_SPACE)
    window.wait(0.001)
    assert not window.is_paused
    press(pygame.K_RIGHT)
    window.wait(1000)
    assert window.is_paused
    assert not window.is_closed
    window.close()


def test_the_window_shows_the_pixels():
    window = Viewer(40, 30)
    frame = FRAME.copy()
    frame[5, 7] = (10, 20, 30)
    window.draw(frame)
    assert pygame.display.get_surface().get_at((7, 5))[:3] == (10, 20, 30)
    window.close()


def test_no_frames_no_window():
    show([])
    assert not pygame.display.get_init()


def test_fps_out_of_range():
    with pytest.raises(ValueError, match="fps=0"):
        show([FRAME], fps=0)


def test_a_display_that_cannot_be_opened(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SDL_VIDEODRIVER", "no-such-driver")
    with pytest.raises(
        OSError, match=r"^no window can be opened \(.*\): write the lifetime to a file with --gif FILE$"
    ):
        show([FRAME])
    assert not pygame.display.get_init()


@pytest.mark.skipif(sys.platform != "linux", reason="a screen is announced in variables on Linux only")
def test_no_display(monkeypatch: pytest.MonkeyPatch):
    for name in ("SDL_VIDEODRIVER", "DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(OSError, match="write the lifetime to a file with --gif FILE"):
        show([FRAME])
