"""The strip below: the course of a lifetime in three rows over one time axis."""

import sys
from collections.abc import Sequence

import numpy as np

from lndp_agents.watching import style
from lndp_agents.watching.drawing import Area, Drawing
from lndp_agents.watching.history import History

SHORTEST_AXIS = 100
ROW_GAP = 7.0
TITLE_WIDTH = 98.0
VALUE_WIDTH = 56.0


class Charts:
    """Draws reward, edge density and edge changes of a lifetime.

    Args:
        area: of the page, in points.
        length: most steps of the lifetime, if that is known. The axis grows towards it.
    """

    def __init__(self, area: Area, length: int | None) -> None:
        self._length = length or sys.maxsize
        self._horizon = min(SHORTEST_AXIS, self._length)
        height = (area.height - 14 - 2 * ROW_GAP) / 3
        tops = [area.top + row * (height + ROW_GAP) for row in range(3)]
        width = area.width - TITLE_WIDTH - VALUE_WIDTH
        self._rows = [Area(area.left + TITLE_WIDTH, top, width, height) for top in tops]

    def draw(self, canvas: Drawing, history: History) -> None:
        """Draw the lifetime so far."""
        while len(history.born) > self._horizon:
            self._horizon = min(2 * self._horizon, self._length)
        self._draw_axis(canvas, history)
        if history.has_trials:
            self._draw_trials(canvas, history)
        else:
            self._draw_returns(canvas, history)
        self._draw_density(canvas, history)
        self._draw_changes(canvas, history)
        if history.injured_at is not None:
            self._draw_injury(canvas, history.injured_at)

    def _x(self, step: float) -> float:
        return self._rows[0].left + self._rows[0].width * step / self._horizon

    def _draw_axis(self, canvas: Drawing, history: History) -> None:
        bottom = self._rows[-1].bottom
        for step in range(0, self._horizon + 1, tick_distance(self._horizon)):
            x = self._x(step)
            canvas.line([(x, self._rows[0].top), (x, bottom + 3)], style.GRID)
            canvas.text((x, bottom + 9.5), str(step), style.SOFT_INK, 9.5, align=0.5)
        canvas.text((self._rows[0].left - 10, bottom + 9.5), "step of life", style.SOFT_INK, 9.5, align=1.0)
        for step in history.episode_ends:
            canvas.line([(self._x(step), self._rows[0].top), (self._x(step), bottom)], style.SOFT_INK)

    def _draw_trials(self, canvas: Drawing, history: History) -> None:
        """Draw a block for every trial: as wide as it was long, as high as its reward."""
        row = self._rows[0]
        finished = history.trials[:-1]
        low, high = span([trial.total for trial in finished])
        zero = row.bottom - row.height * (0 - low) / (high - low)
        canvas.line([(row.left, zero), (row.right, zero)], style.FRAME)
        for trial in finished:
            left, right = self._x(trial.start) + 0.8, self._x(trial.end) - 0.8
            level = row.bottom - row.height * (trial.total - low) / (high - low)
            color = style.GAIN if trial.total > 0 else style.NEGATIVE
            if trial.total == 0:
                canvas.box(Area(left, zero - 1.5, right - left, 3), style.SOFT_INK)
            else:
                canvas.box(Area(left, min(zero, level), right - left, abs(zero - level)), color)
        value = f"{finished[-1].total:g}" if finished else ""
        self._write(canvas, row, "reward per trial", value)

    def _draw_returns(self, canvas: Drawing, history: History) -> None:
        """Draw the return so far; it starts anew with each episode."""
        row = self._rows[0]
        courses = [np.cumsum([0.0, *history.rewards[start:end]]) for start, end, _ in history.episodes]
        low, high = span(np.concatenate(courses).tolist())
        for (start, _, _), course in zip(history.episodes, courses, strict=True):
            shares = (np.nan_to_num(course).clip(low, high) - low) / (high - low)
            self._draw_line(canvas, start, (row.bottom - row.height * shares).tolist(), style.ACCENT)
        self._write(canvas, row, "return so far", f"{history.episode.total:.4g}")

    def _draw_density(self, canvas: Drawing, history: History) -> None:
        row = self._rows[1]
        canvas.line([(row.left, row.bottom), (row.right, row.bottom)], style.FRAME)
        ys = [row.bottom - row.height * density for density in history.density]
        self._draw_line(canvas, 0, ys, style.ACCENT)
        self._write(canvas, row, "edge density", f"{history.density[-1]:.0%}")

    def _draw_changes(self, canvas: Drawing, history: History) -> None:
        """Draw births upwards, losses downwards, on a square root scale that keeps single edges visible."""
        row = self._rows[2]
        middle = row.center[1]
        canvas.line([(row.left, middle), (row.right, middle)], style.FRAME)
        unit = (row.height / 2) / max(1.0, max([*history.born, *history.lost], default=1)) ** 0.5
        width = max(0.7, row.width / self._horizon - 1)
        for step, (born, lost) in enumerate(zip(history.born, history.lost, strict=True)):
            x = self._x(step + 0.5) - width / 2
            if born:
                canvas.box(Area(x, middle - unit * born**0.5, width, unit * born**0.5), style.BORN)
            if lost:
                canvas.box(Area(x, middle, width, unit * lost**0.5), style.LOST)
        value = f"+{history.born[-1]}  -{history.lost[-1]}" if history.born else ""
        self._write(canvas, row, "edges born, lost", value)

    def _draw_injury(self, canvas: Drawing, step: int) -> None:
        """Draw a dashed line through all rows, under an arrow head."""
        x, top, bottom = self._x(step), self._rows[0].top, self._rows[-1].bottom
        canvas.polygon([(x - 4, top - 7), (x + 4, top - 7), (x, top)], style.INK)
        count = 25  # odd, so that a dash begins and a dash ends the line
        canvas.dashes([(x, top + (bottom - top) * part / count) for part in range(count + 1)], style.INK, 1.2)

    def _draw_line(self, canvas: Drawing, start: int, ys: Sequence[float], color: style.Color) -> None:
        points = [(self._x(start + step), y) for step, y in enumerate(ys)]
        if len(points) > 1:
            canvas.line(points, color, 1.3)
        canvas.circle(points[-1], 2.2, color, color)

    def _write(self, canvas: Drawing, row: Area, title: str, value: str) -> None:
        middle = row.center[1]
        canvas.text((row.left - 10, middle), title, style.INK, 11, align=1.0)
        canvas.text((row.right + 9, middle), value, style.INK, 11)


def span(values: Sequence[float]) -> tuple[float, float]:
    """Return the lowest and highest of some finite values and 0, never equal."""
    finite = [value for value in values if np.isfinite(value)]
    low, high = min([0.0, *finite]), max([0.0, *finite])
    return (low, high) if low < high else (0.0, 1.0)


def tick_distance(horizon: int) -> int:
    """Return steps (1, 2 or 5 times a power of ten) of which at most ten fit into the horizon."""
    power = 1
    while True:
        for factor in (1, 2, 5):
            if horizon <= 10 * factor * power:
                return factor * power
        power *= 10
