"""Common parts of the pictures of environments: size, colors, and the numbers at the top."""

from collections.abc import Mapping

from lndp_envs.canvas import Canvas, Color

WIDTH, HEIGHT = 640, 360
MARGIN = 34.0

PAPER: Color = (252, 251, 248)
INK: Color = (52, 56, 68)
SOFT_INK: Color = (150, 153, 162)
WALL: Color = (214, 218, 228)
CELL: Color = (240, 242, 247)
BODY: Color = (88, 111, 238)
APPLE: Color = (232, 66, 62)
GOLD: Color = (255, 190, 40)
WHITE: Color = (255, 255, 255)


def begin_picture(numbers: Mapping[str, float]) -> Canvas:
    """A canvas with three named numbers at the top."""
    canvas = Canvas(WIDTH, HEIGHT)
    canvas.fill(PAPER)
    anchors = ((MARGIN, "left"), (WIDTH / 2, "center"), (WIDTH - MARGIN, "right"))
    for (name, number), (x, align) in zip(numbers.items(), anchors, strict=True):
        canvas.text(name, (x, 32), 17, SOFT_INK, align)
        canvas.text(f"{number:g}", (x, 59), 42, INK, align)
    return canvas
