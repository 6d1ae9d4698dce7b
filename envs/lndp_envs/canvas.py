"""A surface of pygame to draw smooth shapes on: everything is drawn larger and made smaller at the end."""

from typing import TypeAlias

import numpy as np

from lndp_envs.arrays import Array
from lndp_envs.rendering import import_pygame

Color: TypeAlias = tuple[int, int, int]
Point: TypeAlias = tuple[float, float]

OVERSAMPLING = 3


def mix(start: Color, end: Color, share: float) -> Color:
    """Return the color that lies ``share`` (0 to 1) of the way from ``start`` to ``end``."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(start, end, strict=True))
    return red, green, blue


class Canvas:
    """A transparent surface; lengths are in points, one a pixel of the picture.

    Args:
        width: in points.
        height: in points.
    """

    def __init__(self, width: float, height: float) -> None:
        self.pygame = import_pygame()
        self.size = (round(width), round(height))
        self.surface = self.pygame.Surface(
            (round(width * OVERSAMPLING), round(height * OVERSAMPLING)), self.pygame.SRCALPHA
        )

    def fill(self, color: Color) -> None:
        """Paint everything."""
        self.surface.fill(color)

    def picture(self, pixels: Array) -> None:
        """Put a picture as large as the canvas, (height, width, 3) uint8, onto it."""
        small = self.pygame.surfarray.make_surface(pixels.transpose(1, 0, 2))
        self.surface.blit(self.pygame.transform.scale_by(small, OVERSAMPLING), (0, 0))

    def box(self, corner: Point, size: Point, color: Color, radius: float = 0.0) -> None:
        """Draw a filled box with round corners; ``corner`` is the upper left one."""
        rectangle = self.pygame.Rect(*_large(corner), *_large(size))
        self.pygame.draw.rect(self.surface, color, rectangle, border_radius=round(radius * OVERSAMPLING))

    def disc(self, center: Point, radius: float, color: Color) -> None:
        """Draw a filled circle."""
        self.pygame.draw.circle(self.surface, color, _large(center), radius * OVERSAMPLING)

    def ring(self, center: Point, radius: float, width: float, color: Color) -> None:
        """Draw a circle of a line; ``radius`` is the outer one."""
        self.pygame.draw.circle(
            self.surface, color, _large(center), radius * OVERSAMPLING, round(width * OVERSAMPLING)
        )

    def oval(self, center: Point, size: Point, color: Color) -> None:
        """Draw a filled ellipse."""
        corner = (center[0] - size[0] / 2, center[1] - size[1] / 2)
        self.pygame.draw.ellipse(self.surface, color, self.pygame.Rect(*_large(corner), *_large(size)))

    def bowl(self, center: Point, radius: float, color: Color, width: float = 0.0) -> None:
        """Draw the lower half of a circle, filled, or of a line where ``width`` is given."""
        self.pygame.draw.circle(
            self.surface,
            color,
            _large(center),
            radius * OVERSAMPLING,
            round(width * OVERSAMPLING),
            draw_bottom_left=True,
            draw_bottom_right=True,
        )

    def shape(self, points: list[Point], color: Color) -> None:
        """Draw a filled polygon."""
        self.pygame.draw.polygon(self.surface, color, [_large(point) for point in points])

    def line(self, start: Point, end: Point, width: float, color: Color) -> None:
        """Draw a line with round ends."""
        self.pygame.draw.line(self.surface, color, _large(start), _large(end), round(width * OVERSAMPLING))
        for point in (start, end):
            self.disc(point, width / 2, color)

    def text(self, text: str, anchor: Point, size: float, color: Color, align: str = "center") -> None:
        """Draw a text, ``size`` high; its left end, center or right end lies on the anchor, half-way up."""
        self.pygame.font.init()  # each time, because closing a window of Gymnasium's ends it
        image = self.pygame.font.Font(None, round(size * OVERSAMPLING)).render(text, True, color)
        x, y = _large(anchor)
        left = {"left": x, "center": x - image.get_width() / 2, "right": x - image.get_width()}[align]
        self.surface.blit(image, (left, y - image.get_height() / 2))

    def paste(self, other: "Canvas", center: Point, opacity: float = 1.0) -> None:
        """Put another canvas onto this one."""
        other.surface.set_alpha(round(255 * opacity))
        x, y = _large(center)
        width, height = other.surface.get_size()
        self.surface.blit(other.surface, (x - width / 2, y - height / 2))

    def pixels(self) -> Array:
        """Return the picture, (height, width, 3) uint8."""
        small = self.pygame.transform.smoothscale(self.surface, self.size)
        return np.ascontiguousarray(self.pygame.surfarray.array3d(small).transpose(1, 0, 2))


def _large(point: Point) -> Point:
    return (point[0] * OVERSAMPLING, point[1] * OVERSAMPLING)
