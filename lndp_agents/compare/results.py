"""The results of a comparison for each policy, and the numbers of its table."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lndp_agents.baselines import CurvePoint
from lndp_agents.studies.evaluation import PolicyLives
from lndp_agents.studies.statistics import bootstrap_interval, interquartile_mean, probability_of_improvement


@dataclass(frozen=True)
class Result:
    """The results of a policy; one that is not trained here has a single run, and no curve."""

    policy: str
    seeds: tuple[int, ...]
    """Seeds of its R trainings; 0 alone if there are none."""
    lives: tuple[PolicyLives, ...]
    """Rollouts of the R trainings in the same L held-out lifetimes."""
    curves: tuple[Sequence[CurvePoint], ...] = ()
    """R learning curves."""
    own_steps: int | None = None
    """Steps of a training that was not part of the comparison; None if they are not known."""
    note: str = ""
    """Note on where the policy was trained."""

    @property
    def scores(self) -> NDArray[np.float64]:
        """Score (R, L) of each lifetime of each training."""
        return np.stack([lives.scores for lives in self.lives])

    @property
    def steps(self) -> int | None:
        """Steps of a training, mean over its runs."""
        if not self.curves:
            return self.own_steps
        return round(float(np.mean([curve[-1].steps for curve in self.curves])))

    @property
    def minutes(self) -> float | None:
        """Wall-clock minutes of a training here, mean over its runs."""
        return float(np.mean([curve[-1].seconds for curve in self.curves])) / 60 if self.curves else None


@dataclass(frozen=True)
class Row:
    """A row of the table; the columns of comparison.csv."""

    policy: str
    runs: int
    iqm: float
    """Interquartile mean over runs of their mean scores."""
    low: float
    high: float
    """95 % stratified bootstrap interval of `iqm`, over runs and lifetimes."""
    mean: float
    improvement: float | None
    """Probability that a run of the first policy scores more than one of this; None for the first."""
    improvement_low: float | None
    improvement_high: float | None
    steps: int | None
    """Steps of the environment in a training."""
    minutes: float | None
    """Wall-clock minutes of a training in this comparison."""
    note: str


def rows_of(results: Sequence[Result]) -> list[Row]:
    """Return the rows of the table: each policy, and the first one compared with it."""
    return [_row(result, results[0]) for result in results]


def _row(result: Result, first: Result) -> Row:
    low, high = bootstrap_interval(result.scores)
    improvement, ends = None, (None, None)
    if result is not first:
        improvement, ends = probability_of_improvement(first.scores, result.scores)
    return Row(
        policy=result.policy,
        runs=len(result.lives),
        iqm=float(interquartile_mean(result.scores.mean(-1))),
        low=low,
        high=high,
        mean=float(result.scores.mean()),
        improvement=improvement,
        improvement_low=ends[0],
        improvement_high=ends[1],
        steps=result.steps,
        minutes=result.minutes,
        note=result.note,
    )
