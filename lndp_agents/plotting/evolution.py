"""A plot of an evolution, from the metrics of its run folder."""

import csv
import math
from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

from lndp_agents.plotting.figures import new_figure, style_axes, write_figure, write_labels
from lndp_agents.plotting.palette import DASHES, EVENT_DASHES, INK, NEGATIVE, POSITIVE, SOFT_INK

SERIES = {
    "score_best": ("population, best", SOFT_INK, 1.0, DASHES[2]),
    "score_mean": ("population, mean", NEGATIVE, 1.4, DASHES[0]),
    "held_out": ("mean, held-out lifetimes", POSITIVE, 2.4, DASHES[0]),
}
"""Column: label, color, line width, dashes."""

Metrics = Mapping[str, Sequence[float]]
"""Columns of numbers of equal length; NaN where nothing was measured."""


def read_metrics(path: str | PathLike[str]) -> dict[str, list[float]]:
    """Return the columns of a run's metrics.csv; an empty cell is NaN.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is not such a table; the message names the file and the line.
    """
    with Path(path).open(newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    if not rows:
        raise ValueError(f"{path} is empty: give the metrics.csv of a run")
    columns: dict[str, list[float]] = {name: [] for name in rows[0]}
    for number, row in enumerate(rows[1:], 2):
        try:
            for name, cell in zip(rows[0], row, strict=True):
                columns[name].append(float(cell or "nan"))
        except ValueError as error:
            raise ValueError(f"{path}, line {number}: {error}; give the metrics.csv of a run") from error
    return columns


def plot_evolution(
    metrics: Metrics,
    path: str | PathLike[str],
    *,
    reference_lines: Mapping[str, float] | None = None,
    title: str = "Evolution",
) -> None:
    """Draw scores against generations into a PNG file.

    Args:
        metrics: with the columns `generation`, `steps`, `score_best`, `score_mean` and `held_out`, as
            `read_metrics` gives them.
        path: of the file, replaced only when it is complete.
        reference_lines: scores to compare with by name, such as that of random actions and the optimum.
        title: above the plot.

    Raises:
        ValueError: a column is missing, or there are no generations.
        ImportError: matplotlib is not installed; the message has the command.
        OSError: the file cannot be written.

    Example:
        >>> from lndp_agents import plot_evolution
        >>> metrics = {"generation": [1, 2], "steps": [100, 200], "score_best": [5, 8], "score_mean": [2, 4]}
        >>> plot_evolution(metrics | {"held_out": [3, 5]}, "evolution.png", reference_lines={"optimum": 9})
    """
    write_figure(evolution_figure(metrics, reference_lines or {}, title), Path(path))


def evolution_figure(metrics: Metrics, reference_lines: Mapping[str, float], title: str) -> Any:
    """Return the matplotlib Figure that `plot_evolution` writes, without pyplot and its global state.

    Raises:
        ValueError: as in `plot_evolution`.
        ImportError: as in `plot_evolution`.
    """
    for name in ("generation", "steps", *SERIES):
        if not len(metrics.get(name, ())):
            raise ValueError(f"metrics without any {name!r}: give the columns of a run's metrics.csv")
    figure = new_figure(8, 4.5)
    axes = figure.add_axes((0.075, 0.125, 0.665, 0.745))
    labels = [(value, name, SOFT_INK) for name, value in reference_lines.items()]
    for value in reference_lines.values():
        axes.axhline(value, color=SOFT_INK, linewidth=0.9, linestyle=EVENT_DASHES, zorder=1)
    for column, (label, color, width, dashes) in SERIES.items():
        points = measured(metrics["generation"], metrics[column])
        if points:
            generations, scores = zip(*points, strict=True)
            marker = "o" if column == "held_out" and len(points) <= 60 else None
            style = {"color": color, "linewidth": width, "linestyle": dashes}
            axes.plot(generations, scores, **style, marker=marker, markersize=3.5)
            labels.append((scores[-1], f"{label}: {scores[-1]:.4g}", color))
    style_axes(axes, f"generation ({metrics['steps'][-1]:,.0f} environment steps)", "score")
    axes.margins(x=0.01)
    axes.xaxis.get_major_locator().set_params(integer=True)
    figure.text(0.075, 0.925, title, color=INK, fontsize=13)
    write_labels(axes, labels)
    return figure


def measured(generations: Sequence[float], scores: Sequence[float]) -> list[tuple[float, float]]:
    """Return the generations whose score is finite, with the score."""
    return [pair for pair in zip(generations, scores, strict=True) if math.isfinite(pair[1])]
