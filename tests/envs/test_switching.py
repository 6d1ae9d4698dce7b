"""The pendulum whose goal switches, and the lives of cart poles whose pushes are reversed."""

import math
from typing import Any

import gymnasium
import numpy as np
import pygame
import pytest
from gymnasium.utils.env_checker import data_equivalence
from lndp_envs.cart_pole import CartPole
from lndp_envs.cart_pole_reversal import CartPoleReversal
from lndp_envs.life_render import CartPoleReversalRenderer, PendulumGoalSwitchRenderer
from lndp_envs.lifetime import LifetimeDynamics, LifetimeState
from lndp_envs.pendulum import Pendulum, PendulumState
from lndp_envs.pendulum_goal_switch import PendulumGoalSwitch, PendulumGoalSwitchState
from lndp_envs.randomness import fold
from lndp_envs.view import advance, begin

LIVES = 20_000


def pendulum(angle: float, velocity: float, goal: int) -> PendulumGoalSwitchState:
    inner = PendulumState(np.array([angle]), np.array([velocity]), np.array([0]))
    return PendulumGoalSwitchState(inner, np.array([0]), np.array([goal]))


@pytest.mark.parametrize(
    ("target", "goal", "angle", "offset"),
    [
        (math.pi, 0, 0.5, 0.5),
        (math.pi, 1, 0.5, math.pi - 0.5),
        (math.pi, 1, math.pi, 0.0),
        (math.pi, 1, -math.pi, 0.0),
        (math.pi, 1, 5 * math.pi, 0.0),
        (math.pi, 1, 0.0, math.pi),
        (1.5, 1, -1.0, 2.5),
        (1.5, 1, -2.5, 2 * math.pi - 4.0),
        (-1.5, 1, -1.5, 0.0),
        (1.5, 0, -1.0, 1.0),
    ],
)
def test_the_reward_is_that_of_the_angle_from_the_goal(
    target: float, goal: int, angle: float, offset: float
) -> None:
    task = PendulumGoalSwitch(target=target, hazard=0.0)
    _, reward, is_over = task.step(pendulum(angle, 2.0, goal), np.array([[1.5]]))
    assert reward[0] == pytest.approx(-(offset**2 + 0.1 * 2.0**2 + 0.001 * 1.5**2), abs=1e-12)
    assert not is_over[0]


def test_up_is_the_pendulum_of_gymnasium() -> None:
    task, plain = PendulumGoalSwitch(hazard=0.0), Pendulum()
    state = task.reset(fold(np.arange(50), 0), np.zeros(50, dtype=np.int64))
    other, generator = state.inner, np.random.default_rng(0)
    for _ in range(30):
        torque = generator.uniform(-2.5, 2.5, (50, 1)).astype(np.float32)
        state, reward, _ = task.step(state, torque)
        other, expected, _ = plain.step(other, torque)
        assert np.array_equal(reward, expected)
        assert np.array_equal(task.observe(state), plain.observe(other))


@pytest.mark.parametrize("hazard", [0.0, 0.01, 0.3, 1.0])
def test_the_goal_switches_with_the_hazard(hazard: float) -> None:
    task = PendulumGoalSwitch(hazard=hazard)
    state = task.reset(fold(np.arange(LIVES), 0))
    births, goals = state.goal, [state.goal]
    for _ in range(10):
        state, _, _ = task.step(state, np.zeros((LIVES, 1)))
        goals.append(state.goal)
    switches = np.diff(np.array(goals), axis=0) != 0
    error = np.sqrt(hazard * (1 - hazard) / switches.size)
    assert abs(switches.mean() - hazard) <= 5 * error
    unbroken = (1 - hazard) ** 10
    assert abs((~switches).all(0).mean() - unbroken) <= 5 * np.sqrt(unbroken * (1 - unbroken) / LIVES)
    assert abs(births.mean() - 0.5) < 5 * 0.5 / np.sqrt(LIVES)
    # Where the rod is born says nothing of the goal.
    angle = task.reset(fold(np.arange(LIVES), 0)).inner.angle
    assert abs(np.corrcoef(births, angle)[0, 1]) < 5 / np.sqrt(LIVES)


def test_a_switch_is_paid_from_the_next_step_on() -> None:
    task = PendulumGoalSwitch(hazard=1.0, reveal=True)
    state = task.reset(np.array([3]), np.array([0]))
    for goal in (0, 1, 0):
        assert task.info(state)["goal"].tolist() == [goal]
        before = state.inner.angle[0]
        offset = abs((before - goal * math.pi + math.pi) % (2 * math.pi) - math.pi)
        velocity = state.inner.velocity[0]
        state, reward, _ = task.step(state, np.zeros((1, 1)))
        assert reward[0] == pytest.approx(-(offset**2) - 0.1 * velocity**2, abs=1e-12)
    assert PendulumGoalSwitch().info(state) == {}


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [({"target": 4.0}, "target is 4.0"), ({"target": math.nan}, "nan"), ({"hazard": 2}, "hazard is 2")],
)
def test_bad_arguments_of_the_pendulum_are_named(kwargs: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        PendulumGoalSwitch(**kwargs)


def test_the_goal_is_drawn_as_a_ring() -> None:
    task = PendulumGoalSwitch(hazard=0.0)
    for goal, rows in ((0, range(100, 170)), (1, range(330, 400))):
        view = begin(task, np.array([0]), np.array([goal]))
        picture = PendulumGoalSwitchRenderer(task, "rgb_array").render(view)
        golden = np.flatnonzero((abs(picture - np.array((255, 190, 40))) < 4).all(-1).any(1))
        assert golden.min() in rows
        assert golden.max() in rows
        text = PendulumGoalSwitchRenderer(task, "ansi").render(view)
        assert text.startswith("step 0  angle ")
        assert text.endswith(f"  goal {goal * math.pi:+.3f}  reward 0  score 0")


def test_pushes_are_swapped_from_the_task_s_episode_on() -> None:
    task = CartPoleReversal(episodes=4, episode_steps=3, reveal=True)
    assert (task.num_tasks, task.num_steps) == (3, 12)
    state = task.reset(np.arange(3), np.array([0, 1, 2]))
    swapped, ends = [], []
    for _ in range(12):
        swapped.append(task.info(state)["swapped"].tolist())
        before = state.inner.velocity
        state, _, is_over = task.step(state, np.array([1, 1, 1]))
        ends.append(is_over.all())
        pushed_left = state.inner.velocity < before
        if not task.episode_start(state).any():
            assert pushed_left.tolist() == swapped[-1]
    assert swapped == [[episode > k for k in range(3)] for episode in range(4) for _ in range(3)]
    assert ends == [False] * 11 + [True]


def test_before_the_reversal_it_is_a_life_of_cart_poles_and_after_it_the_mirrored_one() -> None:
    task, life = CartPoleReversal(episodes=3), LifetimeDynamics(CartPole(), 3)
    keys = fold(np.arange(40), 0)
    state, other = task.reset(keys), life.reset(keys)
    generator = np.random.default_rng(1)
    for _ in range(150):
        action = generator.integers(0, 2, 40)
        mirrored = np.where(other.episode > state.task, 1 - action, action)
        state, reward, is_over = task.step(state, action)
        other, expected, other_is_over = life.step(other, mirrored)
        assert np.array_equal(task.observe(state), life.observe(other))
        assert np.array_equal(reward, expected)
        assert np.array_equal(is_over, other_is_over)
    assert (other.episode == 2).all()


def test_every_later_episode_is_the_reversal_as_often() -> None:
    task = CartPoleReversal(episodes=5)
    counts = np.bincount(task.reset(fold(np.arange(LIVES), 0)).task)
    assert len(counts) == 4
    assert np.abs(counts - LIVES / 4).max() < 5 * np.sqrt(LIVES * 0.25 * 0.75)
    assert not task.is_swapped(task.reset(fold(np.arange(LIVES), 0))).any()


def test_info_of_cart_poles_tells_the_reversal_only_when_revealed() -> None:
    env = gymnasium.make("lndp/CartPoleReversal-v0", reveal=True)
    _, info = env.reset(seed=0, options={"task": 0})
    assert info == {"inner_episode": 0, "episode_start": True, "swapped": False}
    while not info["swapped"]:
        *_, info = env.step(1)
    assert info["inner_episode"] == 1
    _, info = gymnasium.make("lndp/CartPoleReversal-v0").reset(seed=0)
    assert info == {"inner_episode": 0, "episode_start": True}


def test_revealing_changes_nothing_else() -> None:
    lives = []
    for reveal in (False, True):
        env = gymnasium.make("lndp/CartPoleReversal-v0", reveal=reveal)
        lives.append([env.reset(seed=0)[0]] + [env.step(step % 2)[:4] for step in range(60)])
    assert data_equivalence(*lives, exact=True)


def test_bad_arguments_of_cart_poles_are_named() -> None:
    for kwargs, message in (({"episodes": 1}, "episodes is 1"), ({"episode_steps": 0}, "episode_steps is 0")):
        with pytest.raises(ValueError, match=message):
            CartPoleReversal(**kwargs)


def test_a_person_is_told_which_way_the_pushes_go() -> None:
    task = CartPoleReversal(episodes=2, episode_steps=1)
    view = begin(task, np.array([0]), None)
    pictures, texts = [], []
    for _ in range(2):
        pictures.append(CartPoleReversalRenderer(task, "rgb_array").render(view)[:60])
        texts.append(CartPoleReversalRenderer(task, "ansi").render(view))
        view, _ = advance(task, view, np.array([0]))
    assert (pictures[0] != pictures[1]).any()
    assert texts[0].startswith("episode 1/2  step 0  position ")
    assert "  ordinary pushes  reward 0  score 0" in texts[0]
    assert texts[1].startswith("episode 2/2  step 0  position ")
    assert "  pushes swapped  reward 1  score 1" in texts[1]
    assert isinstance(view.state, LifetimeState)
    assert not pygame.display.get_init() or pygame.display.get_surface() is None


def test_lives_without_secrets_have_lines_too() -> None:
    env = gymnasium.make("lndp/AcrobotLife-v0", render_mode="ansi")
    env.reset(seed=0)
    env.step(1)
    text = str(env.render())
    assert text.startswith("episode 1/3  step 1  angle_1 ")
    assert text.endswith("  reward -1  score -1")
