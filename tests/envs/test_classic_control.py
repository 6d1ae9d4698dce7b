"""The batched CartPole, Acrobot and Pendulum against those of Gymnasium."""

from typing import Any

import gymnasium
import numpy as np
import pytest
import torch
from lndp_envs import make_dynamics
from lndp_envs.acrobot import AcrobotState
from lndp_envs.cart_pole import CartPoleState
from lndp_envs.dynamics import Dynamics
from lndp_envs.pendulum import PendulumState
from lndp_envs.randomness import fold

STATES: dict[str, Any] = {
    "CartPole-v1": CartPoleState,
    "Acrobot-v1": AcrobotState,
    "Pendulum-v1": PendulumState,
}
SPREAD = {
    "CartPole-v1": [2.4, 3.0, 0.21, 3.0],
    "Acrobot-v1": [np.pi, np.pi, 4 * np.pi, 9 * np.pi],
    "Pendulum-v1": [20.0, 8.0],
}


def state_of(env_id: str, numbers: np.ndarray) -> Any:
    """A batch of one of these numbers."""
    return STATES[env_id](*(np.array([number]) for number in numbers), np.array([0]))


def numbers_of(state: Any) -> np.ndarray:
    return np.array([field[0] for field in state[:-1]])


@pytest.fixture(params=list(STATES))
def env_id(request: pytest.FixtureRequest) -> str:
    return request.param


def test_spaces_are_gymnasium_s(env_id: str) -> None:
    dynamics, steps = make_dynamics(env_id)
    env = gymnasium.make(env_id)
    assert dynamics.observation_space == env.observation_space
    assert dynamics.action_space == env.action_space
    assert env.spec is not None
    assert steps == env.spec.max_episode_steps


@pytest.mark.parametrize("precision", [np.float32, np.float64])
def test_a_thousand_random_transitions(env_id: str, precision: Any) -> None:
    dynamics, _ = make_dynamics(env_id)
    env: Any = gymnasium.make(env_id).unwrapped
    env.reset(seed=0)
    env.action_space.seed(0)
    generator = np.random.default_rng(0)
    num_terminated = 0
    for _ in range(1000):
        numbers = generator.uniform(-1, 1, len(SPREAD[env_id])) * SPREAD[env_id]
        action = env.action_space.sample()
        if env_id == "Pendulum-v1":
            action = (1.5 * action).astype(precision)  # some beyond the limit
        env.state, env.steps_beyond_terminated = numbers.copy(), None
        observation, reward, terminated, _, _ = env.step(action)
        after, our_reward, our_terminated = dynamics.step(state_of(env_id, numbers), np.array([action]))
        np.testing.assert_allclose(numbers_of(after), env.state, rtol=0, atol=1e-9)
        assert our_reward[0] == pytest.approx(reward, abs=1e-9)
        assert our_terminated[0] == terminated
        np.testing.assert_allclose(dynamics.observe(after)[0], observation, rtol=0, atol=1e-6)
        num_terminated += terminated
    assert num_terminated > 50 or env_id == "Pendulum-v1"


def test_whole_episodes(env_id: str) -> None:
    dynamics, steps = make_dynamics(env_id)
    env = gymnasium.make(env_id)
    core: Any = env.unwrapped
    env.action_space.seed(1)
    for seed in range(3):
        env.reset(seed=seed)
        state = dynamics.reset(np.array([seed]))
        core.state = numbers_of(state)
        for step in range(1, (steps or 0) + 1):
            action = act(env_id, env, state)
            _, reward, terminated, truncated, _ = env.step(action)
            state, our_reward, our_terminated = dynamics.step(state, np.array([action]))
            np.testing.assert_allclose(numbers_of(state), core.state, rtol=0, atol=1e-9)
            assert our_reward[0] == pytest.approx(reward, abs=1e-9)
            assert our_terminated[0] == terminated
            assert truncated == (step == steps)
            if terminated or truncated:
                break
        assert terminated or step == steps


def act(env_id: str, env: gymnasium.Env[Any, Any], state: Any) -> Any:
    """Balances the pole, pumps the acrobot, and tries anything with the pendulum."""
    if env_id == "CartPole-v1":
        return int(state.angle[0] + 0.3 * state.angular_velocity[0] + 0.02 * state.velocity[0] > 0)
    if env_id == "Acrobot-v1":
        return int(1 + np.sign(state.velocity_2[0]))
    return env.action_space.sample()


def test_the_births_of_an_episode(env_id: str) -> None:
    dynamics, _ = make_dynamics(env_id)
    births = dynamics.reset(fold(np.arange(20_000), 0))
    limits = {"CartPole-v1": [0.05] * 4, "Acrobot-v1": [0.1] * 4, "Pendulum-v1": [np.pi, 1.0]}[env_id]
    for field, limit in zip(births[:-1], limits, strict=True):
        assert 0.999 * limit < np.abs(field).max() <= limit
        assert abs(field.mean()) < 5 * limit / np.sqrt(3 * 20_000)
        assert field.var() == pytest.approx(limit**2 / 3, rel=0.05)
    columns = np.stack(births[:-1])
    assert np.abs(np.corrcoef(columns) - np.eye(len(columns))).max() < 5 / np.sqrt(20_000)


def test_episode_start_is_the_birth(env_id: str) -> None:
    dynamics: Dynamics[Any] = make_dynamics(env_id)[0]
    state = dynamics.reset(torch.arange(3))
    assert dynamics.episode_start(state).tolist() == [True] * 3
    action = torch.zeros((3, *(dynamics.action_space.shape or ())), dtype=torch.int64).to(
        torch.float32 if env_id == "Pendulum-v1" else torch.int64
    )
    state, _, _ = dynamics.step(state, action)
    assert dynamics.episode_start(state).tolist() == [False] * 3
