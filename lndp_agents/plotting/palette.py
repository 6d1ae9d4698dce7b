"""Colors of all figures and films, and the marks that go with them: nothing is told by hue alone.

Opposites differ in lightness, or are blue and orange: color-blind people tell them apart, and most of them
differ in a gray print too. `tests/plotting/test_palette.py` computes how far apart they are.
"""

from typing import Any

INK, SOFT_INK, GRID, PAPER = "#26282e", "#7e8086", "#e4e4e0", "#fcfbf8"
POSITIVE, NEGATIVE = "#e87711", "#1f66b8"
BORN, LOST = "#54167a", "#cc79a7"
"""Colors of edges: one dark and drawn solid, the other light and drawn dashed."""
LINES = ("#d55e00", "#0072b2", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#000000", "#8a8a84", BORN)
"""Colors of curves: those of Okabe and Ito, a gray and a violet."""
DASHES: tuple[Any, ...] = ("solid", (0, (5, 1.5)), (0, (1.5, 1)), (0, (6, 1.5, 1.5, 1.5)))
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
EVENT_DASHES = (0, (4, 3))
"""Dashes of lines that mark a moment or a level, and are no curve."""


def line_look(number: int, points: int = 0) -> dict[str, Any]:
    """Return the style of a curve among others, for matplotlib: color, dashes, marker; the first is bold.

    Args:
        number: index of the curve in its figure.
        points: number of its points; of many only some get the marker.
    """
    every = max(1, points // 8)
    return {
        "color": LINES[number % len(LINES)],
        "linestyle": DASHES[number % len(DASHES)],
        "linewidth": 2.4 if number == 0 else 1.6,
        "marker": MARKERS[number % len(MARKERS)],
        "markersize": 5.0,
        "markevery": (number % every, every),  # so that curves that lie on each other both show theirs
    }


def rgb(color: str) -> tuple[int, int, int]:
    """Return the bytes of a color that is written as #rrggbb."""
    red, green, blue = bytes.fromhex(color.removeprefix("#"))
    return red, green, blue
