from typing import Any

import numpy as np
import pytest
from lndp_envs.bandit import Bandit, BanditState
from lndp_envs.bandit_render import BanditRenderer
from lndp_envs.randomness import fold
from lndp_envs.view import advance, begin

LIVES = 20_000


def keys(count: int = LIVES) -> np.ndarray:
    return fold(np.arange(count), 2)


def is_near(frequency: float, probability: float, count: int) -> bool:
    """Within five standard deviations of a binomial distribution."""
    return abs(frequency - probability) <= 5 * np.sqrt(probability * (1 - probability) / count)


def test_a_sure_bandit_pays_for_its_good_arm_only() -> None:
    task = Bandit(arms=3, good_probability=1.0, bad_probability=0.0, hazard=0.0)
    state = task.reset(np.arange(3), np.array([0, 1, 2]))
    for arm in range(3):
        state, reward, is_over = task.step(state, np.full(3, arm))
        assert reward.tolist() == [float(arm == good) for good in range(3)]
        assert not is_over.any()
    assert state.good.tolist() == [0, 1, 2]
    assert state.pulls.tolist() == [3, 3, 3]


@pytest.mark.parametrize("arms", [2, 4])
def test_arms_pay_with_their_probabilities(arms: int) -> None:
    task = Bandit(arms, 0.9, 0.1, hazard=0.0)
    state = task.reset(keys())
    paid = []
    for _ in range(5):
        state, reward, _ = task.step(state, np.zeros(LIVES, dtype=np.int64))
        paid.append(reward)
    is_good = state.good == 0
    assert set(np.unique(paid)) == {0.0, 1.0}
    assert is_near(np.array(paid)[:, is_good].mean(), 0.9, 5 * is_good.sum())
    assert is_near(np.array(paid)[:, ~is_good].mean(), 0.1, 5 * (~is_good).sum())
    assert abs(np.corrcoef(np.array(paid)[:2, is_good])[0, 1]) < 5 / np.sqrt(is_good.sum())


@pytest.mark.parametrize("hazard", [0.0, 0.02, 0.5, 1.0])
def test_changes_come_with_the_hazard_and_independently(hazard: float) -> None:
    task = Bandit(hazard=hazard)
    state = task.reset(keys())
    goods = [state.good]
    for _ in range(20):
        state, _, _ = task.step(state, np.zeros(LIVES, dtype=np.int64))
        goods.append(state.good)
    changes = np.diff(np.array(goods), axis=0) != 0
    assert is_near(changes.mean(), hazard, changes.size)
    counts = np.bincount(changes.sum(0), minlength=21) / LIVES  # is binomial
    assert is_near(counts[0], (1 - hazard) ** 20, LIVES)
    assert is_near(counts[1], 20 * hazard * (1 - hazard) ** 19, LIVES)


@pytest.mark.parametrize("hazard", [0.3, 1.0])
def test_the_next_good_arm_is_any_other(hazard: float) -> None:
    task = Bandit(arms=4, hazard=hazard)
    before = task.reset(keys())
    after, _, _ = task.step(before, np.zeros(LIVES, dtype=np.int64))
    distances = np.bincount((after.good - before.good) % 4, minlength=4)
    changes = LIVES - distances[0]
    assert is_near(changes / LIVES, hazard, LIVES)
    assert all(is_near(count / changes, 1 / 3, changes) for count in distances[1:])


def test_payoffs_tell_nothing_of_changes_beyond_what_the_arm_does() -> None:
    task = Bandit(hazard=0.5)
    before = task.reset(keys(), np.zeros(LIVES, dtype=np.int64))
    after, reward, _ = task.step(before, np.zeros(LIVES, dtype=np.int64))
    assert abs(np.corrcoef(reward, after.good)[0, 1]) < 5 / np.sqrt(LIVES)


def test_changes_depend_neither_on_the_pulls_nor_on_the_birth() -> None:
    task = Bandit(hazard=0.3)
    births = [task.reset(keys(300), np.full(300, good)) for good in (0, 1)]
    for step in range(15):
        births = [task.step(state, np.full(300, (step + index) % 2))[0] for index, state in enumerate(births)]
        assert np.array_equal(births[0].good, 1 - births[1].good)


def test_the_arm_at_birth_is_a_fair_draw_or_the_task() -> None:
    task = Bandit(arms=5)
    counts = np.bincount(task.reset(keys()).good, minlength=5)
    assert all(is_near(count / LIVES, 0.2, LIVES) for count in counts)
    assert task.reset(keys(5), np.arange(5)).good.tolist() == [0, 1, 2, 3, 4]


def test_nothing_is_shown_and_info_has_the_arm_only_when_revealed() -> None:
    state = BanditState(*(np.array([value]) for value in (5, 1, 7)))
    assert Bandit().observe(state).tolist() == [[1.0]]
    assert {name: value.tolist() for name, value in Bandit().info(state).items()} == {"trial": [7]}
    info = Bandit(reveal=True).info(state)
    assert {name: value.tolist() for name, value in info.items()} == {"trial": [7], "good": [1]}


def test_only_the_birth_is_an_episode_start() -> None:
    state = Bandit().reset(keys(2))
    assert Bandit().episode_start(state).tolist() == [True, True]
    state, _, _ = Bandit().step(state, np.array([0, 1]))
    assert Bandit().episode_start(state).tolist() == [False, False]


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"arms": 1}, "arms is 1"),
        ({"good_probability": 1.1}, "good_probability is 1.1"),
        ({"bad_probability": -0.1}, "bad_probability is -0.1"),
        ({"hazard": float("nan")}, "hazard is nan"),
        ({"hazard": True}, "hazard is True"),
    ],
)
def test_bad_arguments_are_named(kwargs: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Bandit(**kwargs)


def has_color(picture: np.ndarray, color: tuple[int, int, int]) -> np.ndarray:
    return (np.abs(picture - np.array(color)) < 12).all(-1)


def test_lines_of_text_and_pictures_show_the_good_arm() -> None:
    task = Bandit(arms=3, good_probability=1.0, bad_probability=0.0, hazard=0.0)
    writer, drawer = BanditRenderer(task, "ansi"), BanditRenderer(task, "rgb_array")
    view = begin(task, np.array([0]), np.array([2]))
    assert writer.render(view) == "[ .  .  * ]  pull 0  reward 0  score 0"
    golden = has_color(drawer.render(view), (255, 190, 40))
    assert np.flatnonzero(golden.any(0)).min() > 400
    view, _ = advance(task, view, np.array([1]))
    assert writer.render(view) == "[ . (.) * ]  pull 1  reward 0  score 0"
    view, _ = advance(task, view, np.array([2]))
    assert writer.render(view) == "[ .  . (*)]  pull 2  reward 1  score 1"
    changing = Bandit(hazard=1.0)
    moved, _ = advance(changing, begin(changing, np.array([0]), np.array([0])), np.array([0]))
    above = slice(100, 130)
    assert not has_color(drawer.render(view)[above], (232, 66, 62)).any()
    assert has_color(BanditRenderer(changing, "rgb_array").render(moved)[above], (232, 66, 62)).any()
