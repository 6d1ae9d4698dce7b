"""Lives of several episodes: the batched one, the wrapper, and that they are the same."""

from collections.abc import Iterator
from typing import Any

import gymnasium
import numpy as np
import pytest
import torch
from gymnasium.wrappers import TimeLimit
from lndp_envs import Lifetime, make_dynamics
from lndp_envs.cart_pole import CartPole
from lndp_envs.foraging import STAY, Foraging
from lndp_envs.lifetime import LifetimeDynamics
from lndp_envs.pendulum import Pendulum


class Born(gymnasium.Wrapper[Any, Any, Any, Any]):
    """Classic control of Gymnasium whose episodes begin in the given states."""

    def __init__(self, env: gymnasium.Env[Any, Any], births: list[np.ndarray]) -> None:
        super().__init__(env)
        self.births: Iterator[np.ndarray] = iter(births)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        self.env.reset(seed=seed)
        core: Any = self.env.unwrapped
        core.state = next(self.births)
        if hasattr(core, "_get_obs"):
            return core._get_obs(), {}
        return core._get_ob() if hasattr(core, "_get_ob") else core.state.astype(np.float32), {}


@pytest.mark.parametrize("name", ["CartPole", "Acrobot", "Pendulum"])
def test_the_dynamics_equal_the_wrapper_around_gymnasium(name: str) -> None:
    dynamics, steps = make_dynamics(f"lndp/{name}Life-v0", episodes=4, episode_steps=25)
    assert steps == 100
    dynamics.action_space.seed(0)
    actions = [dynamics.action_space.sample() for _ in range(100)]
    state = dynamics.reset(np.array([7]))
    states, rewards, ends = [state], [], []
    for action in actions:
        state, reward, terminated = dynamics.step(state, np.array([action]))
        states.append(state)
        rewards.append(reward[0])
        ends.append(bool(terminated[0]))
        if ends[-1]:
            break
    births = [np.concatenate(s.inner[:-1]) for s in states if dynamics.episode_start(s)[0]]
    assert len(births) == 4
    core = gymnasium.make(f"{name}-v1").unwrapped
    life = Lifetime(TimeLimit(Born(core, births), 25), episodes=4)
    observation, info = life.reset()
    for step, state in enumerate(states):
        if step:
            observation, reward, terminated, truncated, info = life.step(actions[step - 1])
            assert reward == pytest.approx(rewards[step - 1], abs=1e-9)
            assert terminated == ends[step - 1]
            assert not truncated
        np.testing.assert_allclose(observation, dynamics.observe(state)[0], rtol=0, atol=1e-6)
        expected = {key: value[0] for key, value in dynamics.info(state).items()}
        assert {key: info[key] for key in expected} == expected
    assert ends[-1]


def test_time_limits_begin_the_next_episode_in_the_same_step() -> None:
    life = LifetimeDynamics(Pendulum(), episodes=3, episode_steps=4)
    state = life.reset(torch.arange(5))
    starts, numbers, ends = [], [], []
    for _ in range(12):
        starts.append(life.episode_start(state).all().item())
        numbers.append(state.episode[0].item())
        state, _, terminated = life.step(state, torch.zeros(5, 1))
        ends.append(terminated.all().item())
    assert starts == [step % 4 == 0 for step in range(12)]
    assert numbers == [0] * 4 + [1] * 4 + [2] * 4
    assert ends == [False] * 11 + [True]
    assert not life.episode_start(state).any()  # the last state of the last episode is kept
    assert state.episode.tolist() == [2] * 5


def test_rows_end_their_episodes_on_their_own() -> None:
    life = LifetimeDynamics(CartPole(), episodes=3, episode_steps=500)
    state = life.reset(np.arange(200))
    lengths = np.zeros((3, 200), dtype=np.int64)
    is_alive = np.ones(200, dtype=np.bool_)
    while is_alive.any():
        lengths[state.episode[is_alive], np.flatnonzero(is_alive)] += 1
        state, _, terminated = life.step(state, np.ones(200, dtype=np.int64))
        is_alive &= ~terminated
    # A cart that is always pushed to the right falls after 8 to 11 steps.
    assert lengths.min() >= 8
    assert lengths.max() <= 11
    assert len(np.unique(lengths.sum(0))) > 1


def test_episodes_of_a_life_begin_differently() -> None:
    life = LifetimeDynamics(Pendulum(), episodes=3, episode_steps=1)
    state = life.reset(np.arange(1000))
    births = [state.inner.angle]
    for _ in range(2):
        state, _, _ = life.step(state, np.zeros((1000, 1)))
        births.append(state.inner.angle)
    assert np.abs(np.corrcoef(births) - np.eye(3)).max() < 5 / np.sqrt(1000)


def test_a_life_keeps_the_task_it_was_dealt() -> None:
    life = LifetimeDynamics(Foraging(trial_steps=2, switch_probability=1.0), episodes=4, episode_steps=3)
    assert life.num_tasks == 2
    for task in (0, 1):
        state = life.reset(np.arange(8), np.full(8, task))
        for _ in range(4):
            assert (state.inner.food == task).all()
            for _ in range(3):
                state, _, _ = life.step(state, np.full(8, STAY))
    drawn = life.reset(np.arange(2000))
    assert abs(drawn.task.mean() - 0.5) < 5 * 0.5 / np.sqrt(2000)
    assert np.array_equal(drawn.inner.food, drawn.task)


@pytest.mark.parametrize("name", ["episodes", "episode_steps"])
def test_bad_numbers_are_named(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name} is 0"):
        LifetimeDynamics(CartPole(), **{name: 0})
