"""Picture of a network: its nodes colored by activation, its edges by weight, births and losses flashing."""

import numpy as np
from lndp_envs import Labels
from numpy.typing import NDArray

from lndp_agents.watching import style
from lndp_agents.watching.drawing import Area, Drawing
from lndp_agents.watching.layout import Layout, layout, tapered
from lndp_agents.watching.wiring import Booleans, Brain, EdgeFlashes, Floats, NodeCounts

MOST_EDGES = 2500
"""More would only fill the picture: of more, the strongest are drawn, and the heading says so."""
CALM = 0.08
"""A drawn weight follows the true one only when they differ by this much: calm pictures make small files."""
LABEL_WIDTH = 80.0
TEXT_SIZE = 10.0
BARE_MARGIN = 12.0
"""Left and right of a network without labels."""


class BrainView:
    """Draws one network, moment after moment; it remembers which edges have just changed.

    Args:
        counts: how many nodes of each role the network has.
        labels: of inputs and outputs; without any nothing is written, and the network fills the area.
        area: of the page, in points.
    """

    def __init__(self, counts: NodeCounts, labels: Labels | None, area: Area) -> None:
        self._counts = counts
        self._labels = labels
        self._area = area
        network = Area(area.left, area.top + 18, area.width, area.height - 38) if labels else area
        self.layout: Layout = layout(counts, network, LABEL_WIDTH if labels else BARE_MARGIN)
        self._flashes: EdgeFlashes | None = None
        self._weights: Floats = np.zeros((counts.total, counts.total), np.float32)

    def begin(self, adjacency: Booleans) -> None:
        """Note the edges (N, N) at birth; without this, those of the first network drawn do not flash."""
        self._flashes = EdgeFlashes.begin(adjacency)

    def draw(self, canvas: Drawing, brain: Brain, choice: int | None = None) -> None:
        """Draw the network as it is now.

        Args:
            canvas: to draw on.
            brain: the network at this moment.
            choice: the output node that won, counted from the first output.
        """
        flashes = self._flashes
        self._flashes = flashes.after(brain.adjacency) if flashes else EdgeFlashes.begin(brain.adjacency)
        weights = np.nan_to_num(brain.weights).clip(-1, 1) * brain.adjacency
        self._weights = (
            np.where(np.abs(weights - self._weights) > CALM, weights, self._weights) * brain.adjacency
        )
        drawn = self.edges_to_draw(brain.adjacency)
        is_dark = np.zeros_like(brain.adjacency) if brain.dark is None else brain.dark
        self._draw_edges(canvas, drawn, is_dark, self._flashes.birth_flash)
        self._draw_dashes(canvas, self._flashes.loss_flash, style.LOST)
        self._draw_dashes(canvas, is_dark.astype(np.float32), style.INK)
        chosen = None if choice is None else self._counts.total - self._counts.outputs + choice
        self._draw_nodes(canvas, brain.activation, chosen)
        if self._labels:
            self._draw_labels(canvas, self._labels, chosen)
            self._draw_headings(canvas, len(drawn), int(brain.adjacency.sum()))
            self._draw_legend(canvas, has_injury=brain.dark is not None)

    def edges_to_draw(self, adjacency: Booleans) -> NDArray[np.int64]:
        """Return pairs (E, 2) of nodes, the weakest edge first so that strong ones lie on top."""
        pairs = np.argwhere(adjacency)
        strength = np.abs(self._weights[pairs[:, 0], pairs[:, 1]])
        return pairs[np.argsort(strength, kind="stable")][-MOST_EDGES:]

    def _draw_edges(
        self, canvas: Drawing, pairs: NDArray[np.int64], is_dark: Booleans, birth_flash: Floats
    ) -> None:
        crowd = crowding(len(pairs))
        senders, receivers = pairs[~is_dark[pairs[:, 0], pairs[:, 1]]].T
        weights, flash = self._weights[senders, receivers], birth_flash[senders, receivers]
        strength = np.abs(weights)
        widths = (0.4 + 2.4 * strength) * crowd**-0.5 + 0.9 * flash * crowd**-0.25
        outlines = tapered(self.layout.curves(senders, receivers), widths.astype(np.float64))
        # In a crowd all edges pale, the weak ones most.
        shares = (0.12 + 0.88 * strength**crowd**0.5) * crowd**-0.25
        for index in np.argsort(flash, kind="stable"):
            color = style.POSITIVE if weights[index] > 0 else style.NEGATIVE
            color = style.mix(style.PAPER, color, float(shares[index]))
            canvas.polygon(outlines[index], style.mix(color, style.BORN, float(flash[index])))

    def _draw_dashes(self, canvas: Drawing, shares: Floats, color: style.Color) -> None:
        """Draw edges in dashes where shares (N, N) are more than 0; of 1 they have the whole color."""
        senders, receivers = pairs = np.argwhere(shares > 0)[-MOST_EDGES:].T
        curves = self.layout.curves(senders, receivers)
        width = 1.1 * crowding(len(pairs.T)) ** -0.25
        for curve, share in zip(curves.tolist(), shares[senders, receivers], strict=True):
            canvas.dashes(curve, style.mix(style.PAPER, color, float(share)), width)

    def _draw_nodes(self, canvas: Drawing, activation: Floats, chosen: int | None) -> None:
        for node, ((x, y), radius) in enumerate(zip(self.layout.positions, self.layout.radii, strict=True)):
            if node == chosen:
                canvas.circle((x, y), radius + 3.2, style.PAPER, style.INK, 1.4)
            outline = 0.7 if radius > 4 else 0.4
            canvas.circle(
                (x, y), radius, style.signed_color(float(activation[node])), style.SOFT_INK, outline
            )

    def _draw_labels(self, canvas: Drawing, labels: Labels, chosen: int | None) -> None:
        for node, text in enumerate(labels.inputs):
            self._draw_label(canvas, node, text, -1, style.SOFT_INK)
        for node, text in enumerate(labels.outputs, self._counts.total - self._counts.outputs):
            self._draw_label(canvas, node, text, 1, style.INK if node == chosen else style.SOFT_INK)

    def _draw_label(self, canvas: Drawing, node: int, text: str, side: int, color: style.Color) -> None:
        """Name a node on its left (side -1) or right (1), unless nodes lie too close for letters."""
        x, y = self.layout.positions[node]
        radius = self.layout.radii[node]
        size = min(11.0, 2.4 * radius)
        if size >= 6:
            canvas.text((x + side * (radius + 6), y), text, color, size, align=0.0 if side > 0 else 1.0)

    def _draw_headings(self, canvas: Drawing, drawn: int, existing: int) -> None:
        counts, layout = self._counts, self.layout
        edges = f"{existing} edges" if drawn == existing else f"strongest {drawn} of {existing} edges"
        for x, text in (
            (layout.positions[0, 0], counted(counts.inputs, "input")),
            (layout.center[0], f"{counted(counts.hidden, 'hidden node')}, {edges}"),
            (layout.positions[-1, 0], counted(counts.outputs, "output")),
        ):
            canvas.text((x, self._area.top + 11), text, style.SOFT_INK, TEXT_SIZE, align=0.5)

    def _draw_legend(self, canvas: Drawing, *, has_injury: bool) -> None:
        y = self._area.bottom - 11
        x = self._area.left + 12
        x += canvas.text((x, y), "-1", style.SOFT_INK, TEXT_SIZE) + 4
        for step in range(21):
            canvas.box(Area(x + 2.4 * step, y - 3.5, 2.8, 7), style.signed_color(step / 10 - 1))
        x += 55
        x += canvas.text((x, y), "+1  activation, weight", style.SOFT_INK, TEXT_SIZE) + 12
        canvas.polygon([(x, y - 2), (x + 22, y - 0.7), (x + 22, y + 0.7), (x, y + 2)], style.SOFT_INK)
        x += canvas.text((x + 27, y), "thick end sends", style.SOFT_INK, TEXT_SIZE) + 38
        canvas.line([(x, y), (x + 18, y)], style.BORN, 1.6)
        x += canvas.text((x + 23, y), "born", style.SOFT_INK, TEXT_SIZE) + 34
        for color, name in ((style.LOST, "lost"), (style.INK, "injured"))[: 1 + has_injury]:
            canvas.dashes([(x + 18 / 5 * step, y) for step in range(6)], color, 1.6)
            x += canvas.text((x + 23, y), name, style.SOFT_INK, TEXT_SIZE) + 34


def crowding(num_edges: int) -> float:
    """Return how many times more edges exist than fit in full strength, at least 1."""
    return max(1.0, num_edges / 60)


def counted(count: int, noun: str) -> str:
    """Return a number of things in words."""
    return f"{count} {noun}{'' if count == 1 else 's'}"
