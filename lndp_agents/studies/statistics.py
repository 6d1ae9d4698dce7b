"""Statistics of runs and their lifetimes: robust means and their intervals (Agarwal et al. 2021)."""

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

Scores: TypeAlias = NDArray[np.float64]
Statistic: TypeAlias = Callable[[Scores], Scores]
"""A function from the scores of runs (..., R) to one number (...)."""

RESAMPLES = 10_000
_MAX_NUMBERS = 2**20
"""Lifetimes that are resampled at once; no result depends on it."""


def interquartile_mean(scores: ArrayLike) -> Scores:
    """Return the mean of the middle half of the scores, robust to the best and the worst quarter.

    It is exact for any number of scores: one that a quartile cuts counts with the part that lies inside. So
    it equals a 25 % trimmed mean where four divides their number; of three scores the outer ones count a
    quarter each.

    Args:
        scores: (..., R).

    Returns:
        (...).

    Raises:
        ValueError: there are no scores.
    """
    ordered = np.sort(_require(scores, 1), axis=-1)
    size = ordered.shape[-1]
    rank: Scores = np.arange(size, dtype=np.float64)
    inside = np.minimum(rank + 1, 0.75 * size) - np.maximum(rank, 0.25 * size)
    return ordered @ inside.clip(0.0) / (0.5 * size)


def bootstrap_interval(
    scores: ArrayLike, statistic: Statistic = interquartile_mean, *, seed: int = 0
) -> tuple[float, float]:
    """Return the 95 % interval of a statistic over runs, by percentile bootstrap.

    As in Agarwal et al. (2021, arXiv 2108.13264) the score of a run is the mean over what it was evaluated
    on, the statistic is one over runs, and whole runs are resampled within each task (their strata; here
    there is one task). Their runs are fixed numbers; ours are means of a known sample of lifetimes, so these
    are resampled too, the same ones for all runs: as a rule all runs have the same lifetimes, whose noise no
    run averages out. Pooling the lifetimes of all runs instead would take those of one run for independent
    and give intervals that are far too narrow. With few runs any bootstrap says little: three give ten
    different multisets.

    Args:
        scores: (R, L), L lifetimes of each of R evolution runs; for one run, the bootstrap of its mean.
        statistic: the function of the runs' scores.
        seed: random seed of the resamples.

    Raises:
        ValueError: scores are not of that shape, or there are none.
    """
    return _percentiles(statistic(_resampled_runs(_require(scores, 2), seed)))


def probability_of_improvement(
    scores: ArrayLike, others: ArrayLike, *, seed: int = 0
) -> tuple[float, tuple[float, float]]:
    """Return the probability that a run of one method scores more than one of another; a tie counts half.

    Args:
        scores: (R, L), lifetimes of the runs of the method.
        others: (S, M), lifetimes of the runs of the other method; the same lifetimes if M = L.
        seed: random seed of the resamples.

    Returns:
        The share of the R * S pairs of runs (the statistic of Mann and Whitney), and its 95 % interval by the
        bootstrap of `bootstrap_interval`.

    Raises:
        ValueError: as `bootstrap_interval`.
    """
    mine, theirs = _require(scores, 2), _require(others, 2)
    resampled = _share_of_wins(_resampled_runs(mine, seed), _resampled_runs(theirs, seed, method=1))
    return float(_share_of_wins(mine.mean(-1), theirs.mean(-1))), _percentiles(resampled)


def ratio_interval(scores: ArrayLike, others: ArrayLike, *, seed: int = 0) -> tuple[float, float]:
    """Return the 95 % interval of the ratio of two means over the same lifetimes, by percentile bootstrap.

    Args:
        scores: (L,) or (R, L), whose mean over lifetimes is divided; runs count by their interquartile mean.
        others: the same shape, of the same lifetimes in the same order: the two numbers of a lifetime are
            resampled together. A run whose resampled numbers sum to 0 counts with the ratio 0.
        seed: random seed of the resamples.

    Raises:
        ValueError: the shapes differ or are others, or there are no lives.
    """
    pairs = np.stack([_require(np.atleast_2d(scores), 2), _require(np.atleast_2d(others), 2)], axis=-1)
    above, below = np.moveaxis(_resampled_runs(pairs, seed), -1, 0)
    ratios = np.divide(above, below, out=np.zeros_like(above), where=below != 0)
    return _percentiles(interquartile_mean(ratios))


def _share_of_wins(mine: Scores, theirs: Scores) -> Scores:
    """Return the share (...) of wins among pairs of runs (..., R) and (..., S)."""
    difference = mine[..., :, None] - theirs[..., None, :]
    return (0.5 + 0.5 * np.sign(difference)).mean((-2, -1))


def _resampled_runs(scores: Scores, seed: int, method: int = 0) -> Scores:
    """Resample runs of (R, L, ...) with their lifetimes; return mean scores (B, R, ...).

    Each method resamples runs of its own; calls with one seed resample the same lifetimes.
    """
    num_runs, num_lives = scores.shape[:2]
    draw = np.random.default_rng(seed)
    runs = np.random.default_rng((seed, method)).integers(num_runs, size=(RESAMPLES, num_runs))
    means = np.empty((*runs.shape, *scores.shape[2:]))
    at_once = max(1, _MAX_NUMBERS // scores.size)
    for start in range(0, RESAMPLES, at_once):
        sampled = runs[start : start + at_once, :, None]
        lives = draw.integers(num_lives, size=(len(sampled), 1, num_lives))
        means[start : start + at_once] = scores[sampled, lives].mean(2)
    return means


def _percentiles(values: Scores) -> tuple[float, float]:
    low, high = np.percentile(values, [2.5, 97.5])
    return float(low), float(high)


def _require(scores: ArrayLike, dimensions: int) -> Scores:
    array = np.asarray(scores, np.float64)
    if array.ndim < dimensions or not array.size or (dimensions == 2 and array.ndim > 2):
        wanted = "(runs, lives)" if dimensions == 2 else "(..., scores)"
        raise ValueError(f"scores of shape {array.shape}: give {wanted}, at least one of each")
    return array
