"""Figures: the colors and marks that all have in common, and the plot of an evolution."""

from lndp_agents.plotting.evolution import plot_evolution, read_metrics

__all__ = ["plot_evolution", "read_metrics"]
