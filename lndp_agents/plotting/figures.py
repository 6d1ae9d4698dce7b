"""Figures: making and writing them, their axes, and names of curves."""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lndp_agents.persistence import write_file
from lndp_agents.plotting.palette import GRID, SOFT_INK

LABEL_DISTANCE = 0.055
"""Least distance of two labels at the right, as a share of the height."""
DOTS_PER_INCH = 160


def new_figure(width: float, height: float, **options: Any) -> Any:
    """Return an empty matplotlib Figure on white, without pyplot and its global state.

    Args:
        width: in inches.
        height: in inches.
        **options: further ones of matplotlib's Figure.

    Raises:
        ImportError: matplotlib is not installed; the message has the command.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError('plots need matplotlib: pip install "lndp-agents[train]"') from error
    return Figure(figsize=(width, height), facecolor="white", **options)


def write_figure(figure: Any, path: Path) -> None:
    """Write a figure as a PNG file, which is replaced only when it is complete.

    Raises:
        OSError: the file cannot be written.
    """
    write_file(path, png(figure))


def png(figure: Any) -> bytes:
    """Return a figure as the bytes of a PNG file."""
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=DOTS_PER_INCH)
    return file.getvalue()


def spread(values: Sequence[float], distance: float) -> list[float]:
    """Return the values, moved apart as little as needed for neighbors to be `distance` apart.

    Groups that touch are centered on the mean of their values.
    """
    order = sorted(range(len(values)), key=lambda index: values[index])
    groups: list[list[int]] = []
    for index in order:
        groups.append([index])
        while (
            len(groups) > 1
            and _start(values, groups[-1], distance) < _end(values, groups[-2], distance) + distance
        ):
            groups[-2].extend(groups.pop())
    moved = [0.0] * len(values)
    for group in groups:
        for place, index in enumerate(group):
            moved[index] = _start(values, group, distance) + place * distance
    return moved


def _start(values: Sequence[float], group: Sequence[int], distance: float) -> float:
    return sum(values[index] for index in group) / len(group) - distance * (len(group) - 1) / 2


def _end(values: Sequence[float], group: Sequence[int], distance: float) -> float:
    return _start(values, group, distance) + distance * (len(group) - 1)


def style_axes(axes: Any, x: str, y: str) -> None:
    """Name the axes of a matplotlib plot, and soften all that is not data."""
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(SOFT_INK)
    axes.grid(axis="y", color=GRID, linewidth=0.7)
    axes.set_axisbelow(True)
    axes.tick_params(colors=SOFT_INK, labelsize=9, length=0)
    axes.set_xlabel(x, color=SOFT_INK, fontsize=9.5)
    axes.set_ylabel(y, color=SOFT_INK, fontsize=9.5)


def plain(text: str) -> str:
    """Escape a text, such as the name of a folder, so that matplotlib finds no mathematics in it."""
    return text.replace("$", r"\$")


def write_labels(axes: Any, labels: Sequence[tuple[float, str, str]]) -> None:
    """Name lines of a matplotlib plot at their right ends: value there, text, color."""
    low, high = axes.get_ylim()
    places = spread([(value - low) / (high - low) for value, _, _ in labels], LABEL_DISTANCE)
    for place, (_, text, color) in zip(places, labels, strict=True):
        axes.annotate(text, (1.015, place), xycoords="axes fraction", color=color, fontsize=9.5, va="center")
