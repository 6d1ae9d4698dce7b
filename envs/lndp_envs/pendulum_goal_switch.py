"""A pendulum whose goal changes, without a sign, between up and another angle."""

import math
from dataclasses import dataclass, field
from typing import NamedTuple

from lndp_envs.arrays import Array, namespace
from lndp_envs.dynamics import OneEpisode, draw_task
from lndp_envs.kinds import Space
from lndp_envs.pendulum import Pendulum, PendulumState
from lndp_envs.randomness import fold
from lndp_envs.schedule import check_probability, strikes


class PendulumGoalSwitchState(NamedTuple):
    """B pendulums with a goal; ``key`` and ``goal`` have shape (B,) and dtype int64."""

    inner: PendulumState
    """The pendulum."""
    key: Array
    """The randomness of the lifetime's switches."""
    goal: Array
    """The hidden goal: 0 up, 1 the second angle (the context of the lifetime is that at birth)."""


@dataclass(frozen=True)
class PendulumGoalSwitch(OneEpisode):
    """A pendulum that is rewarded now for being up and now for another angle.

    ## Description

    A rod hangs from a fixed point and is to be brought to the goal and held there with little torque. Every
    step moves it as Gymnasium's `Pendulum-v1` does. The goal is up or at the angle `target`; after every
    step, with probability `hazard`, it becomes the other one. Nothing in the observation tells: only the
    reward does. With the default hazard a lifetime has two switches on average, far enough apart to swing up.

    The second goal is down by default. Gravity turns the rod with up to 5 N m and the torque is at most
    2 N m, so that no angle further than 24 degrees from up or down can be held; down is the one that needs
    the opposite behaviour: to brake a rod that without friction would swing on for ever.

    | player | mean return |
    |---|---|
    | told the goal | -330 |
    | takes the goal that the last reward tells | -340 |
    | always up | -960 |
    | any torque | -940 |

    Measured over 2,000 lifetimes with the default arguments, with standard errors of 4 to 12; the first three
    plan on a grid of angles and velocities, so that these are not exact optima.

    ## Action Space

    `Box(-2, 2, (1,), float32)`: the torque in N m. What is larger is cut, as in Gymnasium.

    ## Observation Space

    `Box((3,), float32)`

    | number | observation | min | max |
    |---|---|---|---|
    | 0, 1 | cosine and sine of the angle, 0 upright | -1 | 1 |
    | 2 | angular velocity, rad/s | -8 | 8 |

    ## Rewards

    `-(angle² + 0.1 velocity² + 0.001 torque²)`, the angle from the goal in [-pi, pi]; between -16.27 and 0.

    ## Starting State

    The angle is uniform in ±pi, the velocity in ±1. The goal is up (context 0) or the second one (context 1)
    with equal chances. `reset(options={"task": 0})` fixes the goal at birth.

    ## Episode End

    A lifetime never terminates. It is truncated after 200 steps (`max_episode_steps` of the id).

    ## Information

    Nothing; with `reveal=True` `goal`: 0 up, 1 the second one.

    ## Arguments

    * `target` (pi): the second goal from upright, rad in [-pi, pi].
    * `hazard` (0.01): chance after every step that the goal changes.
    * `reveal` (False): see Information.
    * `render_mode` (None): `"human"` shows a window, `"rgb_array"` draws an array, `"ansi"` writes a line of
      text.

    ## Version History

    * v0: first version.
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
        """Number of contexts, 2: the goal at birth is up (0) or the second angle (1)."""
        return 2

    @property
    def observation_space(self) -> Space:
        """As in `Pendulum`."""
        return self.inner.observation_space

    @property
    def action_space(self) -> Space:
        """As in `Pendulum`."""
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
        """Return the observations of the pendulum: (B, 3) float32. It says nothing of the goal."""
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
