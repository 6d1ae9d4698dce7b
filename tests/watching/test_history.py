import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lndp_agents.watching.charts import span, tick_distance
from lndp_agents.watching.history import History, Stretch


def wired(*edges: tuple[int, int]) -> "np.ndarray[tuple[int, int], np.dtype[np.bool_]]":
    adjacency = np.zeros((3, 3), bool)
    for edge in edges:
        adjacency[edge] = True
    return adjacency


def test_edges_born_and_lost():
    history = History(num_allowed=4)
    history.begin(wired((0, 1)))
    history.rewire(wired((0, 1), (0, 2), (1, 2)))
    history.earn(0.0)
    history.rewire(wired((1, 2), (2, 1)))
    assert history.born == [2, 1]
    assert history.lost == [0, 2]
    assert history.density == [0.25, 0.75, 0.5]
    assert history.step == 1  # the second is begun


def test_trials_and_episodes_are_stretches_of_the_life():
    history = History(num_allowed=1)
    history.begin(wired())
    for reward in (0, 10, 0, 0, 10, 1):
        history.earn(reward)
    history.trial_ends += [2, 5]
    history.episode_ends += [4]
    assert history.trials == [Stretch(0, 2, 10), Stretch(2, 5, 10), Stretch(5, 6, 1)]
    assert history.episodes == [Stretch(0, 4, 10), Stretch(4, 6, 11)]
    assert history.total == 21
    assert history.score == 10.5


@pytest.mark.parametrize(
    ("values", "expected"), [([], (0, 1)), ([0, 0], (0, 1)), ([3, 5], (0, 5)), ([-2, float("nan")], (-2, 0))]
)
def test_span_holds_zero(values: list[float], expected: tuple[float, float]):
    assert span(values) == expected


@given(st.integers(1, 10**7))
def test_ticks_are_few_and_not_too_few(horizon: int):
    distance = tick_distance(horizon)
    assert 4 <= horizon / distance <= 10 or distance == 1
    assert str(distance).rstrip("0") in ("1", "2", "5")
