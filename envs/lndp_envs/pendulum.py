"""Pendulum-v1 of Gymnasium in batches, equal to it transition by transition."""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from gymnasium.spaces import Box

from lndp_envs.arrays import Array, namespace
from lndp_envs.dynamics import OneEpisode
from lndp_envs.kinds import Space
from lndp_envs.lifetime import LifetimeDynamics
from lndp_envs.randomness import uniform

GRAVITY = 10.0  # m/s²; length and mass of the rod are 1
TIME_STEP = 0.05  # s
VELOCITY_LIMIT = 8.0  # rad/s
TORQUE_LIMIT = 2.0  # N m


class PendulumState(NamedTuple):
    """B pendulums; every field has shape (B,), float64 but for the step count."""

    angle: Array
    """From upright, rad, not wrapped."""
    velocity: Array
    """Of the angle, rad/s."""
    steps: Array
    """Steps taken, int64."""


@dataclass(frozen=True)
class Pendulum(OneEpisode):
    """Swing a rod up and hold it there with little torque; the reward is minus a cost. It never ends."""

    @property
    def num_tasks(self) -> int:
        """Number of contexts: 1."""
        return 1

    @property
    def observation_space(self) -> Space:
        """Cosine and sine of the angle, and its velocity."""
        high = np.array([1.0, 1.0, VELOCITY_LIMIT], np.float32)
        return Box(-high, high, dtype=np.float32)

    @property
    def action_space(self) -> Space:
        """The torque in [-2, 2] N m; what is larger is cut, as in Gymnasium."""
        return Box(-TORQUE_LIMIT, TORQUE_LIMIT, (1,), np.float32)

    def reset(self, key: Array, task: Array | None = None) -> PendulumState:
        """Draw the angle from ±pi and the velocity from ±1, uniformly; ``task`` can only be 0."""
        start = uniform(key, (2,)) * 2.0 - 1.0
        return PendulumState(math.pi * start[:, 0], start[:, 1], namespace(key).zeros_like(key))

    def step(
        self, state: PendulumState, action: Array, target: Array | float = 0.0
    ) -> tuple[PendulumState, Array, Array]:
        """One Euler step of 0.05 s; the cost is that of the angle, velocity and torque before it.

        The angle is that from ``target``, rad from upright, a number or (B,) float64.
        """
        xp = namespace(action)
        torque = xp.clip(action[:, 0], -TORQUE_LIMIT, TORQUE_LIMIT)
        # Gymnasium multiplies the torque in its own precision, mostly float32; the same here, to be equal.
        effort, push = (xp.astype(product, xp.float64) for product in (0.001 * torque**2, 3.0 * torque))
        offset = (state.angle - target + math.pi) % (2 * math.pi) - math.pi
        cost = offset**2 + 0.1 * state.velocity**2 + effort
        velocity = state.velocity + (1.5 * GRAVITY * xp.sin(state.angle) + push) * TIME_STEP
        velocity = xp.clip(velocity, -VELOCITY_LIMIT, VELOCITY_LIMIT)
        after = PendulumState(state.angle + velocity * TIME_STEP, velocity, state.steps + 1)
        return after, -cost, xp.zeros_like(state.steps, dtype=xp.bool)

    def observe(self, state: PendulumState) -> Array:
        """Cosine and sine of the angle, and its velocity: (B, 3) float32."""
        xp = namespace(state.angle)
        columns = (xp.cos(state.angle), xp.sin(state.angle), state.velocity)
        return xp.astype(xp.stack(columns, axis=-1), xp.float32)


def pendulum_life(episodes: int = 3, episode_steps: int = 200) -> LifetimeDynamics[PendulumState]:
    """A lifetime of several episodes of Pendulum.

    ## Description

    A rod hangs from a fixed point and is to be swung up and held there with little torque. Every step is that
    of Gymnasium's `Pendulum-v1`. Where an inner episode ends, the next begins in the same step, so that what
    is learned in one can be used in the next: the observation is then the first of the new episode.

    ## Action Space

    `Box(-2, 2, (1,), float32)`: the torque in N m. What is larger is cut, as in Gymnasium.

    ## Observation Space

    `Box((3,), float32)`

    | number | observation | min | max |
    |---|---|---|---|
    | 0, 1 | cosine and sine of the angle, 0 upright | -1 | 1 |
    | 2 | angular velocity, rad/s | -8 | 8 |

    ## Rewards

    `-(angle² + 0.1 velocity² + 0.001 torque²)`, the angle in [-pi, pi]; between -16.27 and 0. The return of a
    lifetime is the sum over its episodes.

    ## Starting State

    The angle is uniform in ±pi, the velocity in ±1, at the start of every inner episode.

    ## Episode End

    An inner episode ends after `episode_steps` steps. The lifetime terminates with the last of its inner
    episodes.

    ## Information

    `inner_episode`: episodes finished so far. `episode_start`: whether one has just begun.

    ## Arguments

    * `episodes` (3): inner episodes of a lifetime, at least 1.
    * `episode_steps` (200): most steps of one, at least 1.
    * `render_mode` (None): `"human"` shows a window, `"rgb_array"` draws an array, `"ansi"` writes a line
      of text.

    ## Version History

    * v0: first version.
    """
    return LifetimeDynamics(Pendulum(), episodes, episode_steps)
