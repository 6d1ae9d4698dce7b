"""Worlds by id: which task they are, how they are sensed, and what is refused."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest
import torch
from gymnasium.spaces import Box, Discrete
from lndp_envs.foraging import Foraging
from lndp_envs.lifetime import LifetimeDynamics

from lndp_agents.notes import Note
from lndp_agents.rollout import lifetime_keys, make_world
from lndp_agents.rollout.gym_dynamics import GymDynamics


def parts(environment: str, keywords: dict[str, Any], episodes: int = 1) -> tuple[Any, int, int]:
    world = make_world(environment, keywords, episodes, None)
    return world.dynamics, world.num_steps, world.episodes


def test_ids_of_the_package_run_in_batches_with_their_keywords() -> None:
    dynamics, steps, episodes = parts("lndp/ForagingReversal-v0", {"size": 7})
    assert dynamics == Foraging(size=7, switch_probability=0.1)
    assert (steps, episodes) == (100, 1)


@pytest.mark.parametrize(
    ("environment", "episodes", "expected"),
    [
        ("lndp/CartPoleLife-v0", 1, (1500, 3)),
        ("lndp/CartPoleLife-v0", 3, (1500, 3)),
        ("CartPole-v1", 1, (500, 1)),
    ],
)
def test_lives_have_their_own_episodes(environment: str, episodes: int, expected: tuple[int, int]) -> None:
    assert parts(environment, {}, episodes)[1:] == expected


def test_several_episodes_of_a_batched_task_are_one_life() -> None:
    dynamics, steps, episodes = parts("Pendulum-v1", {}, episodes=4)
    assert isinstance(dynamics, LifetimeDynamics)
    assert (dynamics.episodes, dynamics.episode_steps) == (4, 200)
    assert (steps, episodes) == (800, 4)


def test_other_ids_go_through_gymnasium() -> None:
    dynamics, steps, episodes = parts("MountainCar-v0", {"goal_velocity": 0.01}, episodes=2)
    assert isinstance(dynamics, GymDynamics)
    assert (steps, episodes) == (400, 2)


def test_a_gymnasium_environment_can_be_reset_to_any_number_of_lives() -> None:
    dynamics = GymDynamics("MountainCarContinuous-v0", {}, 1)
    keys = lifetime_keys(1, num_lifetimes=5)
    state = dynamics.reset(keys)
    few = dynamics.reset(keys[:2])
    assert torch.equal(dynamics.observe(few), dynamics.observe(state)[:2])  # and the state was a copy
    after, reward, is_over = dynamics.step(few, torch.tensor([[0.5], [-1.0]]))
    assert not torch.equal(dynamics.observe(after), dynamics.observe(few))
    assert reward.tolist() == pytest.approx([-0.1 * 0.5**2, -0.1])
    assert is_over.tolist() == [False, False]


class Stopwatch(gymnasium.Env[Any, Any]):
    """Shows how often it was stepped, and is truncated, or terminated, of its own in the third step."""

    observation_space = Box(0.0, 100.0, (1,))
    action_space = Discrete(2)

    def __init__(self, ends: str = "truncated") -> None:
        self._ends, self._steps = ends, 0

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, Any]:
        self._steps = 0
        return np.zeros(1, np.float32), {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        self._steps += 1
        is_over = self._steps == 3
        seen = np.array([self._steps], np.float32)
        return seen, 1.0, is_over and self._ends == "terminated", is_over and self._ends == "truncated", {}


@pytest.fixture
def stopwatch() -> Iterator[str]:
    gymnasium.register("test/Stopwatch-v0", Stopwatch, max_episode_steps=10)
    yield "test/Stopwatch-v0"
    del gymnasium.registry["test/Stopwatch-v0"]


def test_every_episode_of_a_lifetime_through_gymnasium_has_a_start(stopwatch: str) -> None:
    dynamics = GymDynamics(stopwatch, {}, episodes=2)
    state = dynamics.reset(lifetime_keys(1, num_lifetimes=1))
    starts, seen, told = [dynamics.episode_start(state).item()], [], []
    for _ in range(6):
        state, _, is_over = dynamics.step(state, torch.tensor([0]))
        starts.append(dynamics.episode_start(state).item())
        seen.append(dynamics.observe(state).item())
        told.append(is_over.item())
    assert starts == [True, False, False, True, False, False, False]
    assert seen == [1, 2, 0, 1, 2, 3]
    assert told == [False] * 5 + [True]


@pytest.mark.parametrize("ends", ["truncated", "terminated"])
def test_a_life_ends_where_gymnasium_terminates_or_truncates_it(stopwatch: str, ends: str) -> None:
    dynamics = GymDynamics(stopwatch, {"ends": ends}, 1)
    assert dynamics.num_steps == 10
    state, told, seen, earned = dynamics.reset(lifetime_keys(1, num_lifetimes=2)), [], [], []
    for _ in range(5):
        state, reward, is_over = dynamics.step(state, torch.tensor([0, 1]))
        told.append(is_over.tolist())
        seen.append(dynamics.observe(state)[:, 0].tolist())
        earned.append(reward.tolist())
    assert told == [[False] * 2] * 2 + [[True] * 2] * 3
    assert seen == [[1.0] * 2, [2.0] * 2, *[[3.0] * 2] * 3]  # nobody steps it after its end
    assert earned == [[1.0] * 2] * 3 + [[0.0] * 2] * 2


def test_a_limit_of_steps_is_a_keyword_of_every_environment() -> None:
    for environment in ("lndp/Foraging-v0", "lndp/CartPoleLife-v0", "CartPole-v1", "MountainCar-v0"):
        assert parts(environment, {"max_episode_steps": 7})[1] == 7
    assert parts("CartPole-v1", {"max_episode_steps": 7}, episodes=3)[1] == 21
    assert parts("MountainCar-v0", {"max_episode_steps": 7}, episodes=3)[1] == 21


def test_an_environment_without_a_limit_gets_one_and_a_note() -> None:
    with pytest.warns(Note, match="CliffWalking-v1 has no limit of steps, so it gets 1000; --max-steps"):
        assert parts("CliffWalking-v1", {})[1] == 1000
    assert parts("CliffWalking-v1", {"max_episode_steps": 30})[1] == 30  # and no note


def test_a_class_of_a_module_needs_no_registration() -> None:
    name = "gymnasium.envs.classic_control.mountain_car:MountainCarEnv"
    dynamics, steps, _ = parts(name, {"max_episode_steps": 30, "goal_velocity": 0.01})
    assert isinstance(dynamics, GymDynamics)
    assert steps == 30
    assert "gymnasium-envs-classic_control-mountain_car/MountainCarEnv" in gymnasium.registry


def test_a_module_before_the_id_is_imported_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "my_worlds_of_test.py").write_text(
        "import gymnasium\n"
        "lake = 'gymnasium.envs.toy_text.frozen_lake:FrozenLakeEnv'\n"
        "gymnasium.register('OneRoom-v0', lake, max_episode_steps=7)\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    assert parts("my_worlds_of_test:OneRoom-v0", {})[1] == 7


@pytest.mark.parametrize(
    ("environment", "keywords", "episodes", "message"),
    [
        ("lndp/Nothing-v0", {}, 1, "lndp/Nothing-v0.*lndp envs"),
        ("CartPole-v99", {}, 1, "CartPole-v99.*v1"),
        ("no_such_module_here:CartPole-v1", {}, 1, "no_such_module_here.*install it"),
        ("no/such_file.py:Mine", {}, 1, "no file 'no/such_file.py'"),
        (
            "gymnasium.envs.classic_control:CarPole",
            {},
            1,
            "CarPole.*give one that gymnasium.envs.classic_con",
        ),
        ("lndp/Foraging-v0", {"sise": 7}, 1, "sise.*give those that it takes"),
        ("lndp/Foraging-v0", {"size": 4}, 1, "size is 4"),
        ("MountainCar-v0", {"gravity": 7}, 1, "gravity.*give those that it takes"),
        ("lndp/CartPoleLife-v0", {}, 2, "episodes=2: a lifetime of lndp/CartPoleLife-v0 has 3"),
        ("CartPole-v1", {"max_episode_steps": 0}, 1, "max_episode_steps=0: give an integer from 1"),
        ("Blackjack-v1", {"max_episode_steps": "x"}, 1, "max_episode_steps='x': give an integer from 1"),
    ],
)
def test_what_is_no_world_is_refused_with_the_value_and_the_remedy(
    environment: str, keywords: dict[str, Any], episodes: int, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        make_world(environment, keywords, episodes)
