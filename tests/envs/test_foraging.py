from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from lndp_envs.foraging import LEFT, RIGHT, STAY, Foraging, ForagingState
from lndp_envs.randomness import fold


def state(position: int, food: int, trial: int = 0, trial_step: int = 0, key: int = 0) -> ForagingState:
    return ForagingState(*(np.array([value]) for value in (key, position, food, trial, trial_step)))


def play(task: Foraging, start: ForagingState, actions: list[int]) -> tuple[list[ForagingState], list[float]]:
    states, rewards = [start], []
    for action in actions:
        after, reward, terminated = task.step(states[-1], np.full(len(start.key), action))
        assert not terminated.any()
        states.append(after)
        rewards.append(float(reward[0]))
    return states, rewards


def test_the_way_to_the_food_on_the_right() -> None:
    states, rewards = play(Foraging(), state(2, food=0), [RIGHT, RIGHT, RIGHT])
    assert [int(s.position[0]) for s in states] == [2, 3, 2, 3]
    assert [int(s.trial[0]) for s in states] == [0, 0, 1, 1]
    assert [int(s.trial_step[0]) for s in states] == [0, 1, 0, 1]
    assert rewards == [0.0, 10.0, 0.0]


def test_the_way_to_the_food_on_the_left() -> None:
    states, rewards = play(Foraging(), state(2, food=1), [LEFT, STAY, LEFT])
    assert [int(s.position[0]) for s in states] == [2, 1, 1, 2]
    assert rewards == [0.0, 0.0, 10.0]


def test_the_wall_and_the_empty_end() -> None:
    states, rewards = play(Foraging(), state(2, food=1), [RIGHT] * 4)
    assert [int(s.position[0]) for s in states] == [2, 3, 4, 4, 4]
    assert rewards == [0.0] * 4


def test_step_number_trial_steps_ends_the_trial() -> None:
    states, rewards = play(Foraging(trial_steps=3), state(2, food=0), [LEFT, STAY, STAY, STAY])
    assert [int(s.trial[0]) for s in states] == [0, 0, 0, 1, 1]
    assert [int(s.position[0]) for s in states] == [2, 1, 1, 2, 2]
    assert rewards == [0.0] * 4


def test_food_on_the_last_step_of_a_trial_is_paid_and_counts_one_trial() -> None:
    states, rewards = play(Foraging(trial_steps=2), state(2, food=0), [RIGHT, RIGHT])
    assert rewards == [0.0, 10.0]
    assert int(states[-1].trial[0]) == 1


def test_dense_reward_is_minus_the_distance() -> None:
    _, rewards = play(
        Foraging(dense_reward=True), state(2, food=0), [LEFT, LEFT, LEFT, RIGHT, RIGHT, RIGHT, RIGHT]
    )
    assert rewards == [-3.0, -4.0, -4.0, -3.0, -2.0, -1.0, 10.0]


def test_a_sure_switch_happens_after_every_trial_and_only_then() -> None:
    states, _ = play(Foraging(switch_probability=1.0), state(2, food=0), [RIGHT, RIGHT, LEFT, LEFT, STAY])
    assert [int(s.food[0]) for s in states] == [0, 0, 1, 1, 0, 0]


@pytest.mark.parametrize("probability", [0.0, 0.1, 0.5])
def test_switches_have_their_probability_and_are_independent(probability: float) -> None:
    task = Foraging(trial_steps=2, switch_probability=probability)
    current = task.reset(fold(np.arange(20_000), 0))
    sides = [current.food]
    for _ in range(10):
        for _ in range(2):
            current, _, _ = task.step(current, np.full(20_000, STAY))
        sides.append(current.food)
    switches = np.diff(np.array(sides), axis=0) != 0
    assert abs(switches.mean() - probability) <= 5 * np.sqrt(probability * (1 - probability) / switches.size)
    if probability:
        assert abs(np.corrcoef(switches[0], switches[1])[0, 1]) < 5 / np.sqrt(20_000)


def test_the_side_at_birth_is_a_fair_coin_or_the_task() -> None:
    task = Foraging()
    keys = fold(np.arange(20_000), 0)
    assert abs(task.reset(keys).food.mean() - 0.5) < 5 * 0.5 / np.sqrt(20_000)
    tasks = np.arange(20_000) % 2
    assert np.array_equal(task.reset(keys, tasks).food, tasks)


def test_switches_do_not_depend_on_actions_or_on_the_dealt_side() -> None:
    task = Foraging(trial_steps=2, switch_probability=0.5)
    keys = fold(np.arange(200), 0)
    first, second = (
        task.reset(keys, np.zeros(200, dtype=np.int64)),
        task.reset(keys, np.ones(200, dtype=np.int64)),
    )
    for _ in range(20):
        first, _, _ = task.step(first, np.full(200, STAY))
        second, _, _ = task.step(second, np.full(200, STAY))
        assert np.array_equal(first.food, 1 - second.food)


def test_observations() -> None:
    task = Foraging(size=7)
    assert task.observe(state(5, food=0)).tolist() == [[5.0]]
    assert task.observe(state(5, food=0)).dtype == np.float32
    one_hot = Foraging(size=7, observation="one_hot").observe(state(5, food=0))
    assert one_hot.tolist() == [[0, 0, 0, 0, 0, 1, 0]]
    assert one_hot.dtype == np.float32


@pytest.mark.parametrize("observation", ["position", "one_hot"])
def test_observations_tell_nothing_of_the_food(observation: Any) -> None:
    task = Foraging(observation=observation)
    for position in range(5):
        assert np.array_equal(task.observe(state(position, food=0)), task.observe(state(position, food=1)))


def test_info_has_the_food_only_when_revealed() -> None:
    info = Foraging().info(state(2, food=1, trial=3, trial_step=4))
    assert {name: value.tolist() for name, value in info.items()} == {"trial": [3], "trial_start": [False]}
    info = Foraging(reveal=True).info(state(2, food=1, trial=3))
    assert {name: value.tolist() for name, value in info.items()} == {
        "trial": [3],
        "trial_start": [True],
        "food": [1],
    }


def test_info_is_a_copy() -> None:
    current = state(2, food=1, trial=3)
    for value in Foraging(reveal=True).info(current).values():
        value[:] = 7
    assert (int(current.trial[0]), int(current.food[0])) == (3, 1)


def test_only_the_birth_is_an_episode_start() -> None:
    states, _ = play(Foraging(trial_steps=2), state(2, food=0), [RIGHT, RIGHT, STAY])
    assert [bool(Foraging().episode_start(s)[0]) for s in states] == [True, False, False, False]


@given(
    size=st.sampled_from([3, 5, 9]),
    steps=st.integers(4, 12),
    probability=st.sampled_from([0.0, 0.3, 1.0]),
    actions=st.lists(st.integers(0, 2), min_size=1, max_size=60),
    key=st.integers(-(2**63), 2**63 - 1),
)
def test_invariants(size: int, steps: int, probability: float, actions: list[int], key: int) -> None:
    task = Foraging(size=size, trial_steps=steps, switch_probability=probability)
    current = task.reset(np.array([key]))
    for action in actions:
        after, reward, _ = task.step(current, np.array([action]))
        assert 0 <= after.position[0] < size
        assert 0 <= after.trial_step[0] < steps
        assert after.position[0] != task.food_cell(after)[0]
        assert (after.trial[0] > current.trial[0]) == (after.trial_step[0] == 0)
        assert (reward[0] > 0) <= (after.trial[0] > current.trial[0])
        if after.trial[0] > current.trial[0]:
            assert after.position[0] == task.start
        else:
            assert after.food[0] == current.food[0]
        current = after


def test_torch_and_numpy_dtypes() -> None:
    for keys in (np.arange(4), torch.arange(4)):
        task = Foraging(switch_probability=0.5, dense_reward=True)
        after, reward, terminated = task.step(task.reset(keys), keys % 3)
        assert {str(field.dtype).removeprefix("torch.") for field in after} == {"int64"}
        assert str(reward.dtype).removeprefix("torch.") == "float64"
        assert str(terminated.dtype).removeprefix("torch.") == "bool"


@pytest.mark.parametrize(
    ("kwargs", "value"),
    [
        ({"size": 4}, "4"),
        ({"size": 1}, "1"),
        ({"size": 9, "trial_steps": 3}, "3"),
        ({"switch_probability": 1.5}, "1.5"),
        ({"switch_probability": float("nan")}, "nan"),
        ({"observation": "smell"}, "smell"),
    ],
)
def test_bad_arguments_are_named(kwargs: dict[str, Any], value: str) -> None:
    with pytest.raises(ValueError, match=value):
        Foraging(**kwargs)
