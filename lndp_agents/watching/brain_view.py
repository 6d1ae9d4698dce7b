"""The living brain: its nodes coloured by activation, its edges by weight, births and losses flashing."""

import numpy as np
from numpy.typing import NDArray

from lndp_agents.config import LNDPConfig
from lndp_agents.watching import style
from lndp_agents.watching.canvas import Area, Canvas
from lndp_agents.watching.labels import Labels
from lndp_agents.watching.layout import Layout, layout, tapered
from lndp_agents.watching.wiring import Booleans, Brain, EdgeFlashes, Floats

MOST_EDGES = 2500
"""More would only fill the picture: of more, the strongest are drawn, and the heading says so."""
CALM = 0.08
"""A drawn weight follows the true one only when they differ by this much: calm pictures make small files."""
LABEL_WIDTH = 80.0
TEXT_SIZE = 10.0


class BrainView:
    """Draws one brain, moment after moment; it remembers which edges have just changed.

    Args:
        config: of the agent whose brain it is.
        labels: of inputs and outputs.
        area: of the page, in points.
    """

    def __init__(self, config: LNDPConfig, labels: Labels, area: Area) -> None:
        self._config = config
        self._labels = labels
        self._area = area
        network = Area(area.left, area.top + 18, area.width, area.height - 38)
        self.layout: Layout = layout(config, network, LABEL_WIDTH)
        self._flashes: EdgeFlashes | None = None
        self._weights: Floats = np.zeros((config.nodes, config.nodes), np.float32)

    def draw(self, canvas: Canvas, brain: Brain, choice: int | None = None) -> None:
        """Draw the brain as it is now.

        Args:
            canvas: to draw on.
            brain: at this moment.
            choice: the output node that won, counted from the first output.
        """
        flashes = self._flashes
        self._flashes = flashes.after(brain.adjacency) if flashes else EdgeFlashes.begin(brain.adjacency)
        weights = np.nan_to_num(brain.weights).clip(-1, 1) * brain.adjacency
        self._weights = (
            np.where(np.abs(weights - self._weights) > CALM, weights, self._weights) * brain.adjacency
        )
        drawn = self.edges_to_draw(brain.adjacency)
        self._draw_edges(canvas, drawn, self._flashes.birth_flash)
        self._draw_losses(canvas, self._flashes.loss_flash)
        self._draw_nodes(canvas, brain.activation, choice)
        self._draw_headings(canvas, len(drawn), int(brain.adjacency.sum()))
        self._draw_legend(canvas)

    def edges_to_draw(self, adjacency: Booleans) -> NDArray[np.int64]:
        """(E, 2): pairs of nodes, the weakest edge first so that strong ones lie on top."""
        pairs = np.argwhere(adjacency)
        strength = np.abs(self._weights[pairs[:, 0], pairs[:, 1]])
        return pairs[np.argsort(strength, kind="stable")][-MOST_EDGES:]

    def _draw_edges(self, canvas: Canvas, pairs: NDArray[np.int64], birth_flash: Floats) -> None:
        senders, receivers = pairs.T
        weights, flash = self._weights[senders, receivers], birth_flash[senders, receivers]
        strength, crowd = np.abs(weights), crowding(len(pairs))
        widths = (0.4 + 2.4 * strength) * crowd**-0.5 + 0.9 * flash * crowd**-0.25
        outlines = tapered(self.layout.curves(senders, receivers), widths.astype(np.float64))
        # In a crowd all edges pale, the weak ones most.
        shares = (0.12 + 0.88 * strength**crowd**0.5) * crowd**-0.25
        for index in np.argsort(flash, kind="stable"):
            color = style.POSITIVE if weights[index] > 0 else style.NEGATIVE
            color = style.mix(style.PAPER, color, float(shares[index]))
            canvas.polygon(outlines[index], style.mix(color, style.BORN, float(flash[index])))

    def _draw_losses(self, canvas: Canvas, loss_flash: Floats) -> None:
        senders, receivers = pairs = np.argwhere(loss_flash > 0)[-MOST_EDGES:].T
        curves = self.layout.curves(senders, receivers)
        width = 1.1 * crowding(len(pairs.T)) ** -0.25
        for curve, flash in zip(curves.tolist(), loss_flash[senders, receivers], strict=True):
            canvas.dashes(curve, style.mix(style.PAPER, style.LOST, 0.7 * float(flash)), width)

    def _draw_nodes(self, canvas: Canvas, activation: Floats, choice: int | None) -> None:
        first_output = self._config.nodes - self._config.action_size
        chosen = None if choice is None else first_output + choice
        for node, ((x, y), radius) in enumerate(zip(self.layout.positions, self.layout.radii, strict=True)):
            if node == chosen:
                canvas.circle((x, y), radius + 3.2, style.PAPER, style.INK, 1.4)
            outline = 0.7 if radius > 4 else 0.4
            canvas.circle(
                (x, y), radius, style.signed_color(float(activation[node])), style.SOFT_INK, outline
            )
        outputs = range(first_output, self._config.nodes)
        for node, text in zip(range(self._config.observation_size), self._labels.inputs, strict=True):
            self._draw_label(canvas, node, text, -1, style.SOFT_INK)
        for node, text in zip(outputs, self._labels.outputs, strict=True):
            self._draw_label(canvas, node, text, 1, style.INK if node == chosen else style.SOFT_INK)

    def _draw_label(self, canvas: Canvas, node: int, text: str, side: int, color: style.Color) -> None:
        """Name a node on its left (side -1) or right (1), unless nodes lie too close for letters."""
        x, y = self.layout.positions[node]
        radius = self.layout.radii[node]
        size = min(11.0, 2.4 * radius)
        if size >= 6:
            canvas.text((x + side * (radius + 6), y), text, color, size, align=0.0 if side > 0 else 1.0)

    def _draw_headings(self, canvas: Canvas, drawn: int, existing: int) -> None:
        config, layout = self._config, self.layout
        edges = f"{existing} edges" if drawn == existing else f"strongest {drawn} of {existing} edges"
        for x, text in (
            (layout.positions[0, 0], counted(config.observation_size, "input")),
            (layout.center[0], f"{counted(config.hidden_nodes, 'hidden node')}, {edges}"),
            (layout.positions[-1, 0], counted(config.action_size, "output")),
        ):
            canvas.text((x, self._area.top + 11), text, style.SOFT_INK, TEXT_SIZE, align=0.5)

    def _draw_legend(self, canvas: Canvas) -> None:
        y = self._area.bottom - 11
        x = self._area.left + 12
        x += canvas.text((x, y), "-1", style.SOFT_INK, TEXT_SIZE) + 4
        for step in range(21):
            canvas.box(Area(x + 2.4 * step, y - 3.5, 2.8, 7), style.signed_color(step / 10 - 1))
        x += 55
        x += canvas.text((x, y), "+1  activation, weight", style.SOFT_INK, TEXT_SIZE) + 16
        canvas.polygon([(x, y - 2), (x + 22, y - 0.7), (x + 22, y + 0.7), (x, y + 2)], style.SOFT_INK)
        x += canvas.text((x + 27, y), "thick end sends", style.SOFT_INK, TEXT_SIZE) + 43
        canvas.line([(x, y), (x + 18, y)], style.BORN, 1.6)
        x += canvas.text((x + 23, y), "born", style.SOFT_INK, TEXT_SIZE) + 39
        canvas.dashes([(x + 18 / 5 * step, y) for step in range(6)], style.LOST, 1.6)
        canvas.text((x + 23, y), "lost", style.SOFT_INK, TEXT_SIZE)


def crowding(num_edges: int) -> float:
    """How many times more edges there are than fit in full strength, at least 1."""
    return max(1.0, num_edges / 60)


def counted(count: int, noun: str) -> str:
    """A number of things in words."""
    return f"{count} {noun}{'' if count == 1 else 's'}"
