"""Reward within lifetimes, against time since birth and since the last change."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lndp_agents.studies.evaluation import PolicyLives

BIRTH, CHANGE = "birth", "change"
BINS = 50
"""Number of time bins in a whole lifetime, about."""
MIN_SHARE = 0.2
"""Share of all changes that must still be the last one for a time bin to be shown."""


@dataclass(frozen=True)
class WithinLife:
    """Mean reward of a step, in B bins of time since an event."""

    event: str
    """`BIRTH` or `CHANGE`."""
    time: NDArray[np.float64]
    """(B,): the middle of each bin, in steps; the first step has time 0."""
    rewards: NDArray[np.float64]
    """(R, B): mean over the lifetimes of each run; a lifetime that has ended earns 0."""


def since_birth(lives: Sequence[PolicyLives]) -> WithinLife:
    """Return the reward against time since birth, of the runs of a policy."""
    steps = lives[0].rewards.shape[1]
    ages: NDArray[np.int64] = np.arange(steps, dtype=np.int64)
    return _binned(BIRTH, lives, [np.broadcast_to(ages, run.rewards.shape) for run in lives], steps)


def since_change(lives: Sequence[PolicyLives]) -> WithinLife | None:
    """Return the reward against time since the last change; None if the world hides nothing or never changes.

    Steps before the first change of a lifetime do not count. Where a change waits for the end of a trial,
    lifetimes that end trials sooner meet the next change sooner, so late bins are of the slower ones.
    """
    ages = [_steps_since(run.changes) for run in lives if run.changes is not None]
    if len(ages) < len(lives) or not all((age >= 0).any() for age in ages):
        return None
    counts = np.bincount(np.concatenate([age[age >= 0] for age in ages]))
    horizon = int(np.flatnonzero(counts >= MIN_SHARE * counts[0])[-1]) + 1
    return _binned(CHANGE, lives, ages, horizon)


def _steps_since(changes: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return the steps (L, T) since the last change; -1 before the first."""
    times: NDArray[np.int64] = np.arange(changes.shape[1], dtype=np.int64)
    last = np.maximum.accumulate(np.where(changes, times, -1), axis=1)
    return np.where(last >= 0, times - last, -1)


def _binned(
    event: str, lives: Sequence[PolicyLives], ages: Sequence[NDArray[np.int64]], horizon: int
) -> WithinLife:
    """Average over all steps whose age is in a bin; all bins are whole, unless there is one alone."""
    width = max(2, lives[0].rewards.shape[1] // BINS)
    if horizon > width:
        horizon -= horizon % width
    edges = np.append(np.arange(0, horizon, width), horizon)
    rows: list[NDArray[np.float64]] = []
    for run, age in zip(lives, ages, strict=True):
        inside = (age >= 0) & (age < horizon)
        span = age[inside] // width
        size = len(edges) - 1
        total = np.bincount(span, run.rewards[inside], minlength=size)
        rows.append(total / np.bincount(span, minlength=size).clip(1))
    return WithinLife(event, (edges[:-1] + edges[1:] - 1) / 2, np.stack(rows))
