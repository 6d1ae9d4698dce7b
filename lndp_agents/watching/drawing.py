"""An off-screen surface to draw on in smooth lines; no display is needed."""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image, ImageDraw, ImageFont

from lndp_agents.watching.backend import pygame
from lndp_agents.watching.style import Color

Point = tuple[float, float]
Frame = NDArray[np.uint8]
"""(height, width, 3): red, green, blue."""

SUPERSAMPLING = 2


class Area(NamedTuple):
    """A rectangle in points; y grows downwards."""

    left: float
    top: float
    width: float
    height: float

    @property
    def right(self) -> float:
        """The x of the right side."""
        return self.left + self.width

    @property
    def bottom(self) -> float:
        """The y of the lower side."""
        return self.top + self.height

    @property
    def center(self) -> Point:
        """The middle."""
        return self.left + self.width / 2, self.top + self.height / 2

    def inset(self, margin: float) -> "Area":
        """Return the rectangle without a margin on all sides."""
        return Area(self.left + margin, self.top + margin, self.width - 2 * margin, self.height - 2 * margin)


class Drawing:
    """Draws in points of a fixed page and gives pixels of any resolution.

    Args:
        page: width and height in points.
        width: of the frames, in pixels; the height follows.
        background: fills the page.
    """

    def __init__(self, page: tuple[float, float], width: int, background: Color) -> None:
        self._size = width, round(width * page[1] / page[0])
        self._scale = SUPERSAMPLING * width / page[0]
        self._surface = pygame.Surface(
            (self._size[0] * SUPERSAMPLING, self._size[1] * SUPERSAMPLING), depth=24
        )
        self._surface.fill(background)

    def frame(self) -> Frame:
        """Return the drawing as pixels (height, width, 3) uint8."""
        small = pygame.transform.smoothscale(self._surface, self._size)
        pixels = np.frombuffer(pygame.image.tobytes(small, "RGB"), np.uint8)
        return pixels.reshape(self._size[1], self._size[0], 3).copy()

    def line(self, points: Sequence[Point], color: Color, width: float = 1.0) -> None:
        """Draw a line through at least two points."""
        pygame.draw.lines(
            self._surface, color, False, [self._pixel(point) for point in points], self._length(width)
        )

    def dashes(self, points: Sequence[Point], color: Color, width: float = 1.0) -> None:
        """Draw every second piece of the line through the points."""
        for start, end in zip(points[::2], points[1::2], strict=False):
            self.line((start, end), color, width)

    def polygon(self, points: ArrayLike, color: Color) -> None:
        """Draw a filled shape with corners (C, 2)."""
        pygame.draw.polygon(self._surface, color, (np.asarray(points) * self._scale).tolist())

    def circle(
        self, center: Point, radius: float, fill: Color, outline: Color, outline_width: float = 1.0
    ) -> None:
        """Draw a filled circle; the outline lies inside of the radius."""
        center = self._pixel(center)
        pygame.draw.circle(self._surface, outline, center, radius * self._scale)
        pygame.draw.circle(self._surface, fill, center, (radius - outline_width) * self._scale)

    def box(self, area: Area, fill: Color, outline: Color | None = None, corner: float = 0.0) -> None:
        """Draw a filled rectangle."""
        left, top = self._pixel((area.left, area.top))
        right, bottom = self._pixel((area.right, area.bottom))
        rectangle = pygame.Rect(
            round(left), round(top), max(1, round(right - left)), max(1, round(bottom - top))
        )
        corner_pixels = round(corner * self._scale)
        pygame.draw.rect(self._surface, fill, rectangle, border_radius=corner_pixels)
        if outline is not None:
            pygame.draw.rect(
                self._surface, outline, rectangle, self._length(1.0), border_radius=corner_pixels
            )

    def text(self, position: Point, text: str, color: Color, size: float = 12.0, align: float = 0.0) -> float:
        """Write one line, centered vertically on the position.

        Args:
            position: of the text's left end, or its middle or right end.
            text: printable ASCII.
            color: of the letters.
            size: of the letters, in points.
            align: 0 to begin at the position, 0.5 to center on it, 1 to end there.

        Returns:
            The width in points.
        """
        letters = text_image(text, color, max(1, round(size * self._scale)))
        x, y = self._pixel(position)
        self._surface.blit(
            letters, (round(x - align * letters.get_width()), round(y - letters.get_height() / 2))
        )
        return letters.get_width() / self._scale

    def image(self, pixels: Frame, area: Area) -> Area:
        """Draw an image scaled to fit into the area, centered; return where it is."""
        height, width = pixels.shape[:2]
        zoom = min(area.width / width, area.height / height)
        size = round(width * zoom * self._scale), round(height * zoom * self._scale)
        picture = pygame.image.frombuffer(np.ascontiguousarray(pixels).tobytes(), (width, height), "RGB")
        placed = Area(
            area.center[0] - width * zoom / 2, area.center[1] - height * zoom / 2, width * zoom, height * zoom
        )
        left, top = self._pixel((placed.left, placed.top))
        self._surface.blit(pygame.transform.smoothscale(picture, size), (round(left), round(top)))
        return placed

    def _pixel(self, point: Point) -> Point:
        return point[0] * self._scale, point[1] * self._scale

    def _length(self, length: float) -> int:
        return max(1, round(length * self._scale))


@lru_cache(maxsize=2048)
def text_image(text: str, color: Color, size: int) -> pygame.Surface:
    """Return one line of text on a transparent surface, `size` pixels high.

    Pillow's built-in font looks the same on every machine. Fonts of pygame do not, and they die with
    `pygame.quit`, which environments call.
    """
    font = ImageFont.load_default(size)
    ascent, descent = font.getmetrics() if isinstance(font, ImageFont.FreeTypeFont) else (size, 0)
    image = Image.new("RGBA", (max(1, round(font.getlength(text))), ascent + descent), (*color, 0))
    ImageDraw.Draw(image).text((0, 0), text, (*color, 255), font)
    return pygame.image.frombytes(image.tobytes(), image.size, "RGBA")
