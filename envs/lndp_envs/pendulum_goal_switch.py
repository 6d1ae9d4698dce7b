"""A pendulum whose goal changes, without a sign, between up and another angle."""

import math
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from gymnasium import Space

from lndp_envs.arrays import Array, namespace
from lndp_envs.dynamics import OneEpisode, draw_task
from lndp_envs.pendulum import Pendulum, PendulumState
from lndp_envs.randomness import fold
from lndp_envs.schedule import check_probability, strikes


class PendulumGoalSwitchState(NamedTuple):
    """B pendulums with a goal; ``key`` and ``goal`` have shape (B,) and dtype int64."""

    inner: PendulumState
    """The pendulum."""
    key: Array
    """The randomness of the life's switches."""
    goal: Array
    """The hidden goal: 0 up, 1 the second angle (the life's task is that at birth)."""


@dataclass(frozen=True)
class PendulumGoalSwitch(OneEpisode):
    """Hold a rod where it is rewarded, which is up or at a second angle, and notice when that changes.

    Args:
        target: the second angle from upright, rad in [-pi, pi].
        hazard: chance, after every step, that the goal becomes the other one.
        reveal: put the goal into the info.

    Raises:
        ValueError: an argument is outside of what is said above.
    """

    inner: Pendulum = field(default=Pendulum(), init=False)
    target: float = math.pi
    hazard: float = 0.01
    reveal: bool = False

    def __post_init__(self) -> None:
        if not abs(self.target) <= math.pi:
            raise ValueError(f"target is {self.target}, but an angle lies in [-pi, pi]")
        check_probability("hazard", self.hazard)

    @property
    def num_tasks(self) -> int:
        """Two: the goal at birth is up (0) or the second angle (1)."""
        return 2

    @property
    def observation_space(self) -> Space[Any]:
        """That of the pendulum."""
        return self.inner.observation_space

    @property
    def action_space(self) -> Space[Any]:
        """That of the pendulum."""
        return self.inner.action_space

    def reset(self, key: Array, task: Array | None = None) -> PendulumGoalSwitchState:
        """Draw angle and velocity as the pendulum does; the goal is what ``task`` says."""
        goal = draw_task(fold(key, 0), self.num_tasks) if task is None else task
        zero = namespace(key).zeros_like(key)
        return PendulumGoalSwitchState(self.inner.reset(fold(key, 1)), fold(key, 2), zero + goal)

    def step(
        self, state: PendulumGoalSwitchState, action: Array
    ) -> tuple[PendulumGoalSwitchState, Array, Array]:
        """A step of the pendulum, paid by the goal before it; then the goal may change."""
        inner, reward, is_over = self.inner.step(state.inner, action, self.goal_angle(state))
        switches = strikes(state.key, inner.steps, self.hazard)
        xp = namespace(state.goal)
        goal = state.goal ^ xp.astype(switches, xp.int64)
        return PendulumGoalSwitchState(inner, state.key, goal), reward, is_over

    def observe(self, state: PendulumGoalSwitchState) -> Array:
        """What the pendulum shows: (B, 3) float32. It says nothing of the goal."""
        return self.inner.observe(state.inner)

    def episode_start(self, state: PendulumGoalSwitchState) -> Array:
        """(B,) bool: no step has been taken."""
        return self.inner.episode_start(state.inner)

    def info(self, state: PendulumGoalSwitchState) -> dict[str, Array]:
        """With ``reveal`` the ``goal``, else nothing."""
        return self.hidden(state) if self.reveal else {}

    def hidden(self, state: PendulumGoalSwitchState) -> dict[str, Array]:
        """The ``goal``: 0 up, 1 the second one."""
        return {"goal": state.goal + 0}

    def goal_angle(self, state: PendulumGoalSwitchState) -> Array:
        """The angle that is rewarded now, (B,) float64, rad from upright."""
        xp = namespace(state.goal)
        return xp.astype(state.goal, xp.float64) * self.target
