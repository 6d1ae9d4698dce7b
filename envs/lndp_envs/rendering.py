"""What a renderer is; each world brings its own."""

from typing import Any, Protocol

from gymnasium.error import DependencyNotInstalled

from lndp_envs.view import View


class Renderer(Protocol):
    """Draws one environment. Making one is cheap and imports nothing; drawing may import pygame."""

    @property
    def is_window_closed(self) -> bool:
        """True once a person has closed the window; nothing is drawn from then on."""
        ...

    def render(self, view: View) -> Any:
        """Draw a view of one life: the frame as an array or a text, or None where it is shown in a window."""
        ...

    def close(self) -> None:
        """Close the window, if there is one; it may be called again."""
        ...


def check_render_mode(render_mode: str | None, known: list[str]) -> str | None:
    """Refuse a render mode that is not known.

    Raises:
        ValueError: it is neither None nor in ``known``.
    """
    if render_mode is not None and render_mode not in known:
        raise ValueError(f"render_mode is {render_mode!r}, but it must be None or one of {known}")
    return render_mode


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
