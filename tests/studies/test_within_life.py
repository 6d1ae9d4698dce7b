"""Curves over life, by hand."""

import numpy as np
import pytest

from lndp_agents.baselines import CurvePoint
from lndp_agents.compare.figures import joined_curves
from lndp_agents.studies.evaluation import PolicyLives
from lndp_agents.studies.within_life import BIRTH, CHANGE, since_birth, since_change


def lives(rewards: list[list[float]], changes: list[list[int]] | None = None) -> PolicyLives:
    flags = None if changes is None else np.array(changes, np.bool_)
    return PolicyLives(np.array(rewards, np.float64), np.array([len(rewards[0])] * len(rewards)), flags, 1)


def test_reward_since_birth_is_the_mean_over_lives_of_two_steps() -> None:
    runs = [lives([[1, 3, 0, 0], [3, 5, 2, 2]]), lives([[0, 0, 1, 1], [0, 0, 1, 1]])]
    curve = since_birth(runs)
    assert curve.event == BIRTH
    np.testing.assert_array_equal(curve.time, [0.5, 2.5])
    np.testing.assert_array_equal(curve.rewards, [[3, 1], [0, 1]])


def test_time_since_the_last_change_begins_anew_with_each() -> None:
    rewards = [[9.0, 1, 2, 3, 4, 5], [9.0, 9, 9, 9, 10, 20]]
    changes = [[0, 1, 0, 0, 1, 0], [0, 0, 0, 0, 1, 0]]
    curve = since_change([lives(rewards, changes)])
    assert curve is not None
    # ages: -, 0, 1, 2, 0, 1 and -, -, -, -, 0, 1; the third step, of one change, fills no span
    np.testing.assert_array_equal(curve.time, [0.5])
    np.testing.assert_allclose(curve.rewards, [[(1 + 2 + 4 + 5 + 10 + 20) / 6]])
    assert curve.event == CHANGE


def test_times_that_few_changes_reach_are_left_out() -> None:
    changes = [[1, *[0] * 9], *([[*[0] * 9, 1]] * 5)]  # one of six changes is followed by nine steps
    curve = since_change([lives([[1.0] * 10] * 6, changes)])
    assert curve is not None
    np.testing.assert_array_equal(curve.time, [0])
    np.testing.assert_array_equal(curve.rewards, [[1]])


@pytest.mark.parametrize("changes", [None, [[0, 0], [0, 0]]])
def test_rules_that_never_change_or_are_not_told_have_no_curve(changes: list[list[int]] | None) -> None:
    assert since_change([lives([[1, 1], [1, 1]], changes)]) is None


def test_long_lives_have_about_fifty_spans() -> None:
    curve = since_birth([lives([[1.0] * 1500])])
    assert len(curve.time) == 50
    assert curve.time[0] == 14.5
    np.testing.assert_array_equal(curve.rewards, np.ones((1, 50)))


def test_curves_are_joined_where_all_have_looked() -> None:
    def curve(*points: tuple[int, float]) -> list[CurvePoint]:
        return [CurvePoint(steps, 0.0, held_out) for steps, held_out in points]

    steps, scores = joined_curves([curve((0, 0), (10, 10), (20, 30)), curve((5, 1), (15, 3))])
    np.testing.assert_array_equal(steps, [5, 10, 15])
    np.testing.assert_array_equal(scores, [[5, 10, 20], [1, 2, 3]])


def test_curves_that_never_meet_have_no_steps_in_common() -> None:
    steps, scores = joined_curves([[CurvePoint(10, 0.0, 1.0)], [CurvePoint(20, 0.0, 2.0)]])
    assert (steps.shape, scores.shape) == ((0,), (2, 0))
