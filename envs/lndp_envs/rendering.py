"""Renderers, of which each environment brings its own, and the window that they share."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar, Protocol

from gymnasium.error import DependencyNotInstalled

from lndp_envs.arrays import Array
from lndp_envs.view import View

RENDER_MODES = ("human", "rgb_array", "ansi")
FRAMES_PER_SECOND = 8


class Renderer(Protocol):
    """Draws one environment. Making one is cheap and imports nothing; drawing may import pygame."""

    @property
    def is_window_closed(self) -> bool:
        """True once a person has closed the window; nothing is drawn from then on."""
        ...

    def render(self, view: View) -> Any:
        """Return a view of one lifetime as an array or a text, or show it in a window and return None."""
        ...

    def close(self) -> None:
        """Close the window, if there is one; it may be called again."""
        ...


MakeRenderer = Callable[[Any, str], Renderer]
"""Makes the renderer of dynamics and a render mode. It may say `render_modes` and `frames_per_second`."""


class Screen:
    """A window of pygame, opened by the first picture.

    Args:
        title: of the window.
        frames_per_second: ``show`` waits so that there are not more.
    """

    def __init__(self, title: str, frames_per_second: int) -> None:
        self.is_closed = False
        self._title = title
        self._frames_per_second = frames_per_second
        self._screen: Any = None
        self._clock: Any = None

    def show(self, pixels: Array) -> None:
        """Show a picture, (height, width, 3) uint8; close the window where a person asked for it."""
        pygame = import_pygame()
        if self._screen is None:
            pygame.display.init()
            pygame.display.set_caption(self._title)
            self._screen = pygame.display.set_mode((pixels.shape[1], pixels.shape[0]))
            self._clock = pygame.time.Clock()
        self._screen.blit(pygame.surfarray.make_surface(pixels.transpose(1, 0, 2)), (0, 0))
        pygame.display.flip()
        self._clock.tick(self._frames_per_second)
        if wants_to_close():
            self.is_closed = True
            self.close()

    def close(self) -> None:
        """Close the window, if it is open."""
        if self._screen is not None:
            import_pygame().display.quit()
            self._screen = None


class FrameRenderer(ABC):
    """A renderer for ``human``, ``rgb_array`` and ``ansi``; a subclass says how to draw.

    Args:
        task: the dynamics that are drawn.
        render_mode: one of the three.

    Example:
        >>> import numpy as np
        >>> from lndp_envs import FrameRenderer
        >>> class Bar(FrameRenderer):
        ...     def draw(self, view):
        ...         picture = np.zeros((20, 100, 3), np.uint8)
        ...         picture[:, : int(view.steps[0])] = 255
        ...         return picture
    """

    render_modes: ClassVar[tuple[str, ...]] = RENDER_MODES
    title: ClassVar[str] = ""
    """Of the window; the name of the dynamics where empty."""
    frames_per_second: ClassVar[int] = FRAMES_PER_SECOND
    """At most, in the window."""

    def __init__(self, task: Any, render_mode: str) -> None:
        self.task = task
        self._render_mode = render_mode
        self._window = Screen(self.title or type(task).__name__, self.frames_per_second)

    @abstractmethod
    def draw(self, view: View) -> Array:
        """Return one moment of a lifetime as a picture, (height, width, 3) uint8."""

    def write(self, view: View) -> str:
        """Return one moment of a lifetime as a line of text."""
        return f"step {int(view.steps[0])}  reward {view.reward[0]:g}  score {view.total[0]:g}"

    @property
    def is_window_closed(self) -> bool:
        """True once a person has closed the window; nothing is drawn from then on."""
        return self._window.is_closed

    def render(self, view: View) -> Any:
        """Return a text, or an array (height, width, 3) uint8, or show it in the window and return None."""
        if self._render_mode == "ansi":
            return self.write(view)
        if self._render_mode == "rgb_array":
            return self.draw(view)
        if not self.is_window_closed:
            self._window.show(self.draw(view))
        return None

    def close(self) -> None:
        """Close the window, if there is one."""
        self._window.close()


def wants_to_close() -> bool:
    """Return whether a person has asked to close the window since the last call; empty the event queue."""
    pygame = import_pygame()
    return any(event.type == pygame.QUIT for event in pygame.event.get())


def check_render_mode(render_mode: str | None, known: list[str]) -> str | None:
    """Refuse a render mode that is not known.

    Raises:
        ValueError: it is neither None nor in ``known``.
    """
    if render_mode is not None and render_mode not in known:
        raise ValueError(f"render_mode is {render_mode!r}, but it must be None or one of {known}")
    return render_mode


def metadata_of(renderer: MakeRenderer | None) -> dict[str, Any]:
    """Return the metadata of an environment that this draws."""
    if renderer is None:
        return {"render_modes": []}
    modes: tuple[str, ...] = getattr(renderer, "render_modes", RENDER_MODES)
    frames_per_second: int = getattr(renderer, "frames_per_second", FRAMES_PER_SECOND)
    return {"render_modes": list(modes), "render_fps": frames_per_second}


def import_pygame() -> Any:
    """Import pygame, which is needed only where something is drawn.

    Raises:
        gymnasium.error.DependencyNotInstalled: it is not there.
    """
    try:
        import pygame
    except ImportError as error:
        raise DependencyNotInstalled(
            'drawing needs pygame: pip install "gymnasium[classic-control]"'
        ) from error
    return pygame
