"""What came of a comparison, policy by policy, and the numbers of its table."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lndp_agents.baselines import CurvePoint
from lndp_agents.studies.evaluation import PolicyLives
from lndp_agents.studies.statistics import bootstrap_interval, interquartile_mean, probability_of_improvement


@dataclass(frozen=True)
class Result:
    """A policy after its trainings; a fixed one has a single run, and no curve."""

    policy: str
    seeds: tuple[int, ...]
    """Of its R trainings; 0 alone if there are none."""
    lives: tuple[PolicyLives, ...]
    """R times the same L held-out lives."""
    curves: tuple[Sequence[CurvePoint], ...] = ()
    """R learning curves."""
    own_steps: int | None = None
    """Steps of a training that was not part of the comparison, as far as they are known."""
    note: str = ""
    """Where it was trained."""

    @property
    def scores(self) -> NDArray[np.float64]:
        """(R, L)."""
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
    """95 % stratified bootstrap interval of it, over runs and lives."""
    mean: float
    improvement: float | None
    """How likely a run of the first policy scores more than one of this; none for the first itself."""
    improvement_low: float | None
    improvement_high: float | None
    steps: int | None
    """Steps of a training."""
    minutes: float | None
    """Wall-clock of a training in this comparison."""
    note: str


def rows_of(results: Sequence[Result]) -> list[Row]:
    """The table: each policy, and the first one against it."""
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
