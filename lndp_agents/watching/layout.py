"""Layout: places of nodes, and curves of edges between them."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lndp_agents.watching.drawing import Area
from lndp_agents.watching.wiring import NodeCounts

CURVE_POINTS = 17
LARGEST_RADIUS = 10.0

Coordinates = NDArray[np.float64]


class Layout(NamedTuple):
    """A place for every node: inputs in a column, hidden nodes on a circle, outputs in a column."""

    positions: Coordinates
    """(N, 2) in points."""
    radii: Coordinates
    """(N,) in points."""
    center: Coordinates
    """(2,): the middle of the circle."""
    is_hidden: NDArray[np.bool_]
    """(N,)."""

    def curves(self, senders: NDArray[np.int64], receivers: NDArray[np.int64]) -> Coordinates:
        """Return curves (E, CURVE_POINTS, 2) of edges from senders (E,) to receivers (E,), from rim to rim.

        Chords of the circle bend towards its middle, and a little to the right of their direction: two nodes
        that are connected both ways show two edges. Edges leave inputs and reach outputs horizontally.
        """
        start, end = self.positions[senders], self.positions[receivers]
        middle = (start + end) / 2
        along = end - start
        right = np.stack([-along[:, 1], along[:, 0]], -1)
        bend = middle + 0.30 * (self.center - middle) + 0.10 * right
        from_input = ~self.is_hidden[senders, None] * np.array([False, True])
        to_output = ~self.is_hidden[receivers, None] * np.array([False, True])
        straight = ~(self.is_hidden[senders] & self.is_hidden[receivers])[:, None]
        bend = np.where(straight, middle, bend)
        bend = np.where(from_input, start, np.where(to_output, end, bend))
        start = start + _unit(bend - start) * self.radii[senders, None]
        end = end + _unit(bend - end) * (self.radii[receivers, None] + 1)
        t = np.linspace(0, 1, CURVE_POINTS)[:, None]
        start, bend, end = (point[:, None] for point in (start, bend, end))
        return (1 - t) ** 2 * start + 2 * t * (1 - t) * bend + t**2 * end


def layout(counts: NodeCounts, area: Area, margin: float) -> Layout:
    """Lay out the nodes of a network.

    Args:
        counts: how many nodes of each role there are.
        area: in which they lie.
        margin: left and right of the columns, for labels.
    """
    inputs, hidden, outputs = counts
    columns = area.left + margin, area.right - margin
    input_ys, input_radius = _column(area, inputs)
    output_ys, output_radius = _column(area, outputs)
    circle = min(area.height / 2 - 2, (columns[1] - columns[0]) / 2 - 34)
    hidden_radius = min(LARGEST_RADIUS, circle, 0.36 * 2 * np.pi * circle / max(1, hidden))
    circle -= hidden_radius
    angle = 2 * np.pi * (np.arange(hidden) + 0.5) / max(1, hidden)
    center = np.array(area.center)
    ring = center + circle * np.stack([np.sin(angle), -np.cos(angle)], -1)
    positions = [_place(columns[0], input_ys), ring, _place(columns[1], output_ys)]
    radii = [np.full(inputs, input_radius), np.full(hidden, hidden_radius), np.full(outputs, output_radius)]
    is_hidden = np.repeat([False, True, False], [inputs, hidden, outputs])
    return Layout(np.concatenate(positions), np.concatenate(radii), center, is_hidden)


def tapered(curves: Coordinates, widths: Coordinates) -> Coordinates:
    """Return outlines (E, 2 S, 2) of curves (E, S, 2), `widths` (E,) wide first, a third of that last."""
    direction = _unit(np.gradient(curves, axis=1))
    normal = np.stack([-direction[..., 1], direction[..., 0]], -1)
    half = widths[:, None, None] / 2 * np.linspace(1, 1 / 3, curves.shape[1])[:, None]
    return np.concatenate([curves + half * normal, (curves - half * normal)[:, ::-1]], 1)


def _column(area: Area, count: int) -> tuple[Coordinates, float]:
    spacing = min(36.0, area.height / count)
    ys = area.center[1] + spacing * (np.arange(count, dtype=np.float64) - (count - 1) / 2)
    return ys, min(LARGEST_RADIUS, 0.4 * spacing)


def _place(x: float, ys: Coordinates) -> Coordinates:
    return np.stack([np.full_like(ys, x), ys], -1)


def _unit(vectors: Coordinates) -> Coordinates:
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return vectors / np.maximum(length, 1e-9)
