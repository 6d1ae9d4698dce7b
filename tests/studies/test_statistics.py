"""Robust means over runs and their intervals, against what can be computed by hand."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from lndp_agents.studies import statistics
from lndp_agents.studies.evaluation import Score
from lndp_agents.studies.statistics import (
    bootstrap_interval,
    interquartile_mean,
    probability_of_improvement,
    ratio_interval,
)

numbers = st.floats(-1e6, 1e6).map(lambda number: round(number, 3))
vectors = arrays(np.float64, st.integers(1, 13), elements=numbers)
tables = arrays(np.float64, array_shapes(min_dims=2, max_dims=2, max_side=4), elements=numbers)


def mean_over_runs(scores: np.ndarray) -> np.ndarray:
    return scores.mean(-1)


@pytest.mark.parametrize(
    ("scores", "mean"),
    [
        (range(1, 9), 4.5),
        ([1, 2, 3, 1000], 2.5),  # the middle two
        ([0, 10, 100], (0.25 * 0 + 10 + 0.25 * 100) / 1.5),  # the outer two count with a quarter
        ([0, 0, 1, 7, 9], (0.75 * 0 + 1 + 0.75 * 7) / 2.5),
        ([3, 5], 4.0),
        ([42], 42.0),
    ],
)
def test_the_middle_half_of_scores(scores: Any, mean: float) -> None:
    assert interquartile_mean(list(scores)) == pytest.approx(mean)


@given(vectors)
def test_a_score_counts_with_the_part_of_it_that_is_between_the_quartiles(scores: np.ndarray) -> None:
    quarters = sorted(score for score in scores.tolist() for _ in range(4))  # each in four parts
    middle = quarters[len(scores) : 3 * len(scores)]
    assert interquartile_mean(scores) == pytest.approx(sum(middle) / len(middle), rel=1e-9, abs=1e-6)


def test_any_leading_axes() -> None:
    scores = np.random.default_rng(0).normal(size=(2, 3, 5))
    by_row = [[interquartile_mean(row) for row in block] for block in scores]
    np.testing.assert_allclose(interquartile_mean(scores), by_row, rtol=1e-14)


def slow_resamples(scores: np.ndarray, num: int) -> list[float]:
    """Means over drawn runs of the mean over drawn lives, one number at a time."""
    draw = np.random.default_rng(11)
    num_runs, num_lives = scores.shape
    means = []
    for _ in range(num):
        total, lives = 0.0, draw.integers(num_lives, size=num_lives)
        for run in draw.integers(num_runs, size=num_runs):
            total += sum(scores[run, life] for life in lives) / num_lives
        means.append(total / num_runs)
    return means


def test_runs_and_their_lives_are_resampled() -> None:
    scores = np.random.default_rng(3).normal([[0.0], [5.0], [9.0], [4.0]], 3.0, (4, 6))
    expected = np.percentile(slow_resamples(scores, 4000), [2.5, 97.5])
    assert bootstrap_interval(scores, mean_over_runs) == pytest.approx(expected, abs=0.15)


def test_lives_of_one_run_are_no_substitute_for_runs() -> None:
    runs = np.array([[0.0], [1.0], [2.0]])
    few, many = (bootstrap_interval(np.repeat(runs, lives, axis=1)) for lives in (1, 1000))
    assert few == many == (0.0, 2.0)  # all three draws the same run in 1 of 27: its mean stays in
    pooled = bootstrap_interval(np.repeat(runs, 1000, axis=1).reshape(1, -1))
    assert pooled == pytest.approx((0.97, 1.03), abs=0.01)


@given(tables)
def test_an_interval_lies_within_the_scores_and_turns_with_their_sign(scores: np.ndarray) -> None:
    low, high = bootstrap_interval(scores, mean_over_runs)
    assert scores.min() - 1e-6 <= low <= high <= scores.max() + 1e-6
    assert bootstrap_interval(-scores, mean_over_runs) == pytest.approx((-high, -low), rel=1e-9, abs=1e-6)
    moved = bootstrap_interval(2 * scores + 5, mean_over_runs)
    assert moved == pytest.approx((2 * low + 5, 2 * high + 5), rel=1e-9, abs=1e-6)


def test_an_interval_of_constants_has_no_width() -> None:
    assert bootstrap_interval(np.full((3, 7), 2.5)) == (2.5, 2.5)
    assert bootstrap_interval([[4.0]]) == (4.0, 4.0)


def test_a_seed_names_the_resamples_and_their_size_at_once_does_not_matter(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    scores = np.random.default_rng(4).normal(size=(3, 20))
    interval = bootstrap_interval(scores)
    monkeypatch.setattr(statistics, "_MAX_NUMBERS", 1000)
    assert bootstrap_interval(scores) == interval
    assert bootstrap_interval(scores, seed=1) != interval


def test_nine_of_ten_and_more_intervals_hold_the_truth() -> None:
    """The promise is 95 %; of twelve runs a percentile bootstrap keeps a little less."""
    draw, hits = np.random.default_rng(5), 0
    for _ in range(100):
        runs = draw.normal(10.0, 2.0, (12, 1)) + draw.normal(0.0, 2.0, (12, 8))
        low, high = bootstrap_interval(runs, mean_over_runs)
        hits += low <= 10.0 <= high
    assert 88 <= hits <= 100


def test_what_lives_bring_to_all_runs_is_no_matter_of_runs() -> None:
    """If each drawn run drew lives of its own, only two of three of these intervals would hold the truth."""
    draw, hits = np.random.default_rng(5), 0
    for _ in range(100):
        lives = draw.normal(0.0, 6.0, (1, 32))  # the same for all
        low, high = bootstrap_interval(
            10.0 + draw.normal(0.0, 1.0, (6, 1)) + lives + draw.normal(0.0, 2.0, (6, 32)), mean_over_runs
        )
        hits += low <= 10.0 <= high
    assert 88 <= hits <= 100


def test_a_life_that_is_good_to_all_decides_nothing_between_methods() -> None:
    lives = np.random.default_rng(8).normal(0.0, 50.0, (1, 20))
    better, worse = lives + np.array([[1.0], [2.0]]), lives + np.array([[-1.0], [0.0]])
    assert probability_of_improvement(better, worse) == (1.0, (1.0, 1.0))


def test_each_method_resamples_runs_of_its_own() -> None:
    """In one of 16 resamples a method has its better run twice and the other, the same two, its worse."""
    runs = np.array([[0.0], [1.0]])
    assert probability_of_improvement(runs, runs) == (0.5, (0.0, 1.0))


@pytest.mark.parametrize("size", [1, 2, 131])
def test_the_interval_of_a_score_is_that_of_one_run_bit_for_bit(size: int) -> None:
    """The cards of the zoo state intervals that this loop made."""
    scores = np.random.default_rng(size).normal(100.0, 20.0, size)
    draw = np.random.default_rng(0)
    means = [scores[draw.integers(size, size=size)].mean() for _ in range(10_000)]
    low, high = np.percentile(means, [2.5, 97.5])
    assert Score(scores).interval == bootstrap_interval(scores[None]) == (low, high)


def test_improvement_is_the_share_of_pairs_won() -> None:
    mine, theirs = [[1.0, 1.0], [3.0, 3.0]], [[0.0], [3.0], [5.0]]
    probability, (low, high) = probability_of_improvement(mine, theirs)
    assert probability == pytest.approx((1 + 1.5) / 6)  # beats 0; beats 0 and draws with 3
    assert 0.0 <= low <= probability <= high <= 1.0


@given(tables, tables)
def test_what_one_wins_the_other_loses(mine: np.ndarray, theirs: np.ndarray) -> None:
    probability, _ = probability_of_improvement(mine, theirs)
    assert probability_of_improvement(theirs, mine)[0] == pytest.approx(1 - probability)
    slow = [1.0 if a > b else 0.5 if a == b else 0.0 for a in mine.mean(-1) for b in theirs.mean(-1)]
    assert probability == pytest.approx(sum(slow) / len(slow))


def test_methods_that_never_meet_leave_no_doubt() -> None:
    assert probability_of_improvement([[5.0, 6.0]], [[1.0, 2.0], [0.0, 3.0]]) == (1.0, (1.0, 1.0))


def test_a_ratio_keeps_the_two_numbers_of_a_life_together() -> None:
    others = np.random.default_rng(6).uniform(1.0, 9.0, 30)
    assert ratio_interval(0.25 * others, others) == (0.25, 0.25)  # in every life, so in every resample
    low, high = ratio_interval(others, np.full(30, 2.0))
    assert (low, high) == pytest.approx(np.divide(bootstrap_interval(others[None]), 2.0), rel=1e-12)
    assert ratio_interval([0.0, 0.0], [0.0, 0.0]) == (0.0, 0.0)
    assert ratio_interval(-0.25 * others, -others) == (0.25, 0.25)  # losses are as good as gains
    runs = np.random.default_rng(7).uniform(1.0, 9.0, (3, 30))
    assert ratio_interval(runs, np.ones((3, 30))) == pytest.approx(bootstrap_interval(runs), rel=1e-12)
    assert ratio_interval(runs[:1], runs[1:2]) == ratio_interval(runs[0], runs[1])
    counts = np.array([[1.0] * 30, [10.0] * 30, [100.0] * 30])
    assert ratio_interval(counts**2, counts) == pytest.approx(bootstrap_interval(counts), rel=1e-12)
    with pytest.raises(ValueError, match=r"shape \(1, 2, 3\): give \(runs, lives\)"):
        ratio_interval(np.ones((1, 2, 3)), np.ones((1, 2, 3)))


@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (3,), (1, 2, 3)])
def test_other_shapes_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"scores of shape \(.*: give \(runs, lives\)"):
        bootstrap_interval(np.zeros(shape))
    with pytest.raises(ValueError, match=r"give \(\.\.\., scores\)"):
        interquartile_mean(np.zeros((2, 0)))
