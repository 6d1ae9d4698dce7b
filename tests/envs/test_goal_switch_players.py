"""What players of PendulumGoalSwitch earn who plan on a grid: told the goal, feeling it, or ignoring it."""

import math
from typing import Any

import numpy as np
import pytest
from lndp_envs import make_dynamics
from lndp_envs.pendulum import TORQUE_LIMIT, VELOCITY_LIMIT, Pendulum, PendulumState
from lndp_envs.pendulum_goal_switch import PendulumGoalSwitch
from lndp_envs.randomness import fold, uniform

TORQUES = np.linspace(-TORQUE_LIMIT, TORQUE_LIMIT, 9)


class Planner:
    """Values of angles, velocities and goals by dynamic programming over 200 steps, interpolated linearly."""

    def __init__(self, hazard: float, angles: int, velocities: int) -> None:
        self.hazard, self.shape = hazard, (angles, velocities)
        grid = np.meshgrid(
            np.linspace(-math.pi, math.pi, angles, endpoint=False),
            np.linspace(-VELOCITY_LIMIT, VELOCITY_LIMIT, velocities),
            indexing="ij",
        )
        state = PendulumState(grid[0].ravel(), grid[1].ravel(), np.zeros(angles * velocities, dtype=np.int64))
        goals = np.arange(2)[:, None] * math.pi
        branches = [self.branch(state, torque, goals) for torque in TORQUES]
        self.value = np.zeros((2, angles * velocities))
        for _ in range(200):
            later = self.later()
            self.value = np.max(
                [reward + (later[:, index] * weight).sum(1) for reward, index, weight in branches], axis=0
            )

    def later(self) -> np.ndarray:
        """(2, grid): the value of a grid point before it is known whether the goal switches."""
        return (1 - self.hazard) * self.value + self.hazard * self.value[::-1]

    def branch(self, state: PendulumState, torque: float, goal: np.ndarray) -> tuple[Any, Any, Any]:
        """What a torque pays, and the four grid points around where it leads with their weights."""
        action = np.full((len(state.angle), 1), torque)
        after, reward, _ = Pendulum().step(state, action, goal)
        angles, velocities = self.shape
        column = (after.angle + math.pi) % (2 * math.pi) / (2 * math.pi) * angles
        row = (after.velocity + VELOCITY_LIMIT) / (2 * VELOCITY_LIMIT) * (velocities - 1)
        left, low = np.floor(column).astype(int), np.minimum(np.floor(row).astype(int), velocities - 2)
        x, y = column - left, row - low
        points = [(left + i) % angles * velocities + low + j for i in (0, 1) for j in (0, 1)]
        weights = [a * b for a in (1 - x, x) for b in (1 - y, y)]
        return reward, np.array(points), np.array(weights)

    def act(self, state: PendulumState, goal: np.ndarray) -> np.ndarray:
        """The best torque for a goal, (B, 1)."""
        later, values = self.later(), []
        for torque in TORQUES:
            reward, index, weight = self.branch(state, torque, goal * math.pi)
            values.append(reward + (later[goal, index] * weight).sum(0))
        return TORQUES[np.argmax(values, axis=0)][:, None]


def play(player: str, planners: dict[str, Planner], lives: int) -> tuple[float, float]:
    """The mean return of a player, and its standard error."""
    task, steps = make_dynamics("lndp/PendulumGoalSwitch-v0")
    assert isinstance(task, PendulumGoalSwitch)
    keys = fold(np.arange(lives), 1)
    state = task.reset(keys, np.arange(lives) % 2)
    total, felt, up = np.zeros(lives), np.zeros(lives, dtype=np.int64), np.zeros(lives, dtype=np.int64)
    for step in range(steps or 0):
        if player == "random":
            torque = (2 * uniform(fold(fold(keys, 7), step), (1,)) - 1) * TORQUE_LIMIT
        elif player == "always up":
            torque = planners["always"].act(state.inner, up)
        else:
            torque = planners["switching"].act(state.inner, state.goal if player == "told" else felt)
        felt = state.goal  # which the reward of this step tells
        state, reward, _ = task.step(state, torque)
        total += reward
    return float(total.mean()), float(total.std() / np.sqrt(lives))


def test_who_feels_the_goal_is_nearly_as_good_as_who_is_told() -> None:
    planners = {"switching": Planner(0.01, 61, 51)}
    told, felt = (play(player, planners, 100)[0] for player in ("told", "felt"))
    assert -450 < felt < told < -250


@pytest.mark.slow
def test_the_table_of_the_docs_is_what_players_earn() -> None:
    planners = {"switching": Planner(0.01, 161, 121), "always": Planner(0.0, 161, 121)}
    rows = [line.split("|") for line in (PendulumGoalSwitch.__doc__ or "").splitlines() if "|" in line]
    stated = [float(row[2]) for row in rows[2:6]]
    earned = [play(player, planners, 2000) for player in ("told", "felt", "always up", "random")]
    for number, (mean, error) in zip(stated, earned, strict=True):
        assert abs(number - mean) < 3 * error
