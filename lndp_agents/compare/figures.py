"""The figures of a comparison: learning curves, and reward within lifetimes."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lndp_agents.baselines import CurvePoint
from lndp_agents.compare.results import Result
from lndp_agents.plotting.figures import new_figure, plain, style_axes, write_figure
from lndp_agents.plotting.palette import INK, line_look
from lndp_agents.studies.within_life import BIRTH, CHANGE, WithinLife

new_figure(1, 1)  # a missing matplotlib is told before hours of training

LEARNING_CURVES, WITHIN_LIFE = "learning_curves.png", "within_life.png"
_LOG_FROM = 100
"""Ratio of the last evaluation's steps to the first one's above which the axis is logarithmic."""


def draw_learning_curves(folder: Path, environment: str, results: Sequence[Result]) -> None:
    """Write learning_curves.png: held-out score against steps of training."""
    figure = new_figure(8.6, 4.6, layout="constrained")
    axes = figure.subplots()
    steps = [point.steps for result in results for curve in result.curves for point in curve if point.steps]
    for number, result in enumerate(results):
        if result.curves:
            x, runs = joined_curves(result.curves)
            style = line_look(number, len(x))
            axes.plot(x, runs.mean(0), label=_label(result), **style)
            axes.fill_between(x, runs.min(0), runs.max(0), color=style["color"], alpha=0.12, linewidth=0)
        else:
            axes.axhline(result.scores.mean(), label=_label(result), **line_look(number))
    if steps and max(steps) > _LOG_FROM * min(steps):
        axes.set_xscale("log")
        axes.set_xlim(min(steps), max(steps))
    style_axes(axes, "steps of the environment", "score on held-out lives")
    _finish(
        figure,
        axes,
        f"{environment}: mean and range over trainings; level lines are not trained here",
        folder / LEARNING_CURVES,
    )


def draw_within_life(
    folder: Path, environment: str, results: Sequence[Result], curves: Mapping[str, Sequence[WithinLife]]
) -> None:
    """Write within_life.png: reward of a step against time since birth, and since the last change."""
    known = {curve.event for own in curves.values() for curve in own}
    events = [event for event in (BIRTH, CHANGE) if event in known]
    figure = new_figure(2.6 + 4.4 * len(events), 4.4, layout="constrained")
    panels = figure.subplots(1, len(events), squeeze=False, sharey=True)[0]
    for axes, event in zip(panels, events, strict=True):
        for number, result in enumerate(results):
            for curve in curves[result.policy]:
                if curve.event == event:
                    style = line_look(number, len(curve.time))
                    axes.plot(curve.time, curve.rewards.mean(0), label=_label(result), **style)
                    low, high = curve.rewards.min(0), curve.rewards.max(0)
                    axes.fill_between(curve.time, low, high, color=style["color"], alpha=0.12, linewidth=0)
        style_axes(axes, f"steps since {_EVENTS[event]}", "reward of a step" if axes is panels[0] else "")
    _finish(
        figure,
        panels[0],
        f"{environment}: within a life, mean and range over trainings",
        folder / WITHIN_LIFE,
    )


_EVENTS = {BIRTH: "birth", CHANGE: "the last hidden change"}


def joined_curves(curves: Sequence[Sequence[CurvePoint]]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Interpolate the curves of R trainings on one grid of steps.

    Returns:
        The steps (S,) of all evaluations within the range of all curves, and interpolated scores (R, S).
    """
    steps = [np.array([point.steps for point in curve], np.float64) for curve in curves]
    low, high = max(own[0] for own in steps), min(own[-1] for own in steps)
    grid = np.unique(np.concatenate(steps))
    grid = grid[(grid >= low) & (grid <= high)]
    scores = [
        np.interp(grid, own, [point.held_out for point in curve])
        for own, curve in zip(steps, curves, strict=True)
    ]
    return grid, np.stack(scores)


def _label(result: Result) -> str:
    seeds = f" ({len(result.curves)} seeds)" if len(result.curves) > 1 else ""
    return plain(f"{result.policy}{seeds}")


def _finish(figure: Any, axes: Any, title: str, path: Path) -> None:
    figure.suptitle(plain(title), color=INK, fontsize=11, x=0.01, ha="left")
    figure.legend(
        *axes.get_legend_handles_labels(),
        loc="outside right center",
        frameon=False,
        fontsize=9,
        handlelength=3.2,
    )
    write_figure(figure, path)
