"""Figures: the colors and marks that all have in common, and the plot of an evolution."""

from lndp_agents.plotting import palette
from lndp_agents.plotting.evolution import plot_evolution, read_metrics
from lndp_agents.plotting.figures import new_figure, style_axes, write_figure, write_labels

__all__ = [
    "new_figure",
    "palette",
    "plot_evolution",
    "read_metrics",
    "style_axes",
    "write_figure",
    "write_labels",
]
