"""Frames in a window."""

import os
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from pygame.event import Event

TITLE = "lndp watch (space: pause, right arrow: step, Esc: close)"
POLL_SECONDS = 0.01


def show(frames: Iterable[NDArray[np.uint8]], fps: float = 10.0) -> None:
    """Show frames in a window until it is closed; the last one stays.

    Esc, q or the window's own button close it, space pauses and goes on, the right arrow shows one more.

    Args:
        frames: (height, width, 3) uint8 each, all of one size; asked for one by one.
        fps: frames per second at most.

    Raises:
        ValueError: `fps` is out of range.
        OSError: there is no display.
        ImportError: pygame is not installed; the message has the command.
    """
    if not 0.1 <= fps <= 1000:
        raise ValueError(f"fps={fps}: give 0.1 to 1000 frames per second")
    window: Viewer | None = None
    try:
        for frame in frames:
            window = window or Viewer(frame.shape[1], frame.shape[0])
            window.draw(frame)
            window.wait(1 / fps)
            if window.is_closed:
                return
        if window:
            window.wait(None)
    finally:
        if window:
            window.close()


class Viewer:
    """A window of the screen.

    Args:
        width: in pixels.
        height: in pixels.

    Raises:
        OSError: there is no display.
    """

    def __init__(self, width: int, height: int) -> None:
        from lndp_agents.watching.backend import pygame

        self._pygame = pygame
        self.is_closed = False
        self.is_paused = False
        try:
            pygame.display.init()
            # SDL hides that there is no display: unless asked for by name, this driver shows nothing.
            if pygame.display.get_driver() == "offscreen" and not os.environ.get("SDL_VIDEODRIVER"):
                raise pygame.error("no screen was found")
            self._screen = pygame.display.set_mode((width, height))
        except pygame.error as error:
            pygame.display.quit()
            raise OSError(
                f"no window can be opened ({error}): write the lifetime to a file with --gif FILE"
            ) from error
        pygame.display.set_caption(TITLE)

    def draw(self, frame: NDArray[np.uint8]) -> None:
        """Show a frame (height, width, 3)."""
        height, width = frame.shape[:2]
        picture = self._pygame.image.frombytes(np.ascontiguousarray(frame).tobytes(), (width, height), "RGB")
        self._screen.blit(picture, (0, 0))
        self._pygame.display.flip()

    def wait(self, seconds: float | None) -> None:
        """Listen to the person until it is time for the next frame, or until the window is closed if None.

        A pause lasts until space, or the right arrow, which asks for the next frame at once.
        """
        until = None if seconds is None else time.monotonic() + seconds
        while not self.is_closed:
            for event in self._pygame.event.get():
                if self._listen(event) and seconds is not None:
                    return
            if until is not None and not self.is_paused and time.monotonic() >= until:
                return
            time.sleep(POLL_SECONDS)

    def close(self) -> None:
        """Take the window off the screen."""
        self._pygame.display.quit()

    def _listen(self, event: "Event") -> bool:
        """Obey an event; return whether it asks for the next frame."""
        pygame = self._pygame
        if event.type == pygame.QUIT:
            self.is_closed = True
        if event.type != pygame.KEYDOWN:
            return False
        if event.key in (pygame.K_ESCAPE, pygame.K_q):
            self.is_closed = True
        elif event.key == pygame.K_SPACE:
            self.is_paused = not self.is_paused
        elif event.key == pygame.K_RIGHT:
            self.is_paused = True
            return True
        return False
