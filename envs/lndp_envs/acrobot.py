"""Acrobot-v1 of Gymnasium in batches (Sutton 1996; the book's equations), equal to it step by step."""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from gymnasium.spaces import Box, Discrete

from lndp_envs.arrays import Array, namespace
from lndp_envs.dynamics import OneEpisode
from lndp_envs.kinds import Space
from lndp_envs.lifetime import LifetimeDynamics
from lndp_envs.randomness import uniform

GRAVITY = 9.8  # m/s²
CENTRE = 0.5  # of mass of each link, m; lengths, masses and moments of inertia are 1
TIME_STEP = 0.2  # s
VELOCITY_LIMITS = (4 * math.pi, 9 * math.pi)  # rad/s


class AcrobotState(NamedTuple):
    """B acrobots; every field has shape (B,), float64 but for the step count."""

    angle_1: Array
    """Of the first link from hanging down, rad in [-pi, pi]."""
    angle_2: Array
    """Of the second link from the first, rad in [-pi, pi]."""
    velocity_1: Array
    """Of the first angle, rad/s."""
    velocity_2: Array
    """Of the second angle, rad/s."""
    steps: Array
    """Steps taken, int64."""


@dataclass(frozen=True)
class Acrobot(OneEpisode):
    """Swing two links up by a torque between them (-1, 0, +1 N m); reward -1 a step until it is up."""

    @property
    def num_tasks(self) -> int:
        """Number of contexts: 1."""
        return 1

    @property
    def observation_space(self) -> Space:
        """Cosine and sine of both angles, and both velocities."""
        high = np.array([1.0, 1.0, 1.0, 1.0, *VELOCITY_LIMITS], np.float32)
        return Box(-high, high, dtype=np.float32)

    @property
    def action_space(self) -> Space:
        """The torque plus 1."""
        return Discrete(3)

    def reset(self, key: Array, task: Array | None = None) -> AcrobotState:
        """Draw all four numbers uniformly from ±0.1; ``task`` can only be 0."""
        start = uniform(key, (4,)) * 0.2 - 0.1
        return AcrobotState(
            start[:, 0], start[:, 1], start[:, 2], start[:, 3], namespace(key).zeros_like(key)
        )

    def step(self, state: AcrobotState, action: Array) -> tuple[AcrobotState, Array, Array]:
        """One Runge-Kutta step of 0.2 s; the reward is -1, and 0 for the step that reaches the height."""
        xp = namespace(action)
        torque = xp.astype(action, xp.float64) - 1.0
        links = _runge_kutta(xp.stack(state[:4]), torque)
        after = AcrobotState(
            angle_1=_wrap(links[0]),
            angle_2=_wrap(links[1]),
            velocity_1=xp.clip(links[2], -VELOCITY_LIMITS[0], VELOCITY_LIMITS[0]),
            velocity_2=xp.clip(links[3], -VELOCITY_LIMITS[1], VELOCITY_LIMITS[1]),
            steps=state.steps + 1,
        )
        is_up = -xp.cos(after.angle_1) - xp.cos(after.angle_2 + after.angle_1) > 1.0
        return after, xp.astype(is_up, xp.float64) - 1.0, is_up

    def observe(self, state: AcrobotState) -> Array:
        """Cosine and sine of both angles, and both velocities: (B, 6) float32."""
        angle_1, angle_2, velocity_1, velocity_2, _ = state
        xp = namespace(angle_1)
        columns = (xp.cos(angle_1), xp.sin(angle_1), xp.cos(angle_2), xp.sin(angle_2), velocity_1, velocity_2)
        return xp.astype(xp.stack(columns, axis=-1), xp.float32)


def _runge_kutta(links: Array, torque: Array) -> Array:
    """Integrate angles and velocities (4, B) over one time step, fourth order."""
    slope_1 = _derivative(links, torque)
    slope_2 = _derivative(links + TIME_STEP / 2 * slope_1, torque)
    slope_3 = _derivative(links + TIME_STEP / 2 * slope_2, torque)
    slope_4 = _derivative(links + TIME_STEP * slope_3, torque)
    return links + TIME_STEP / 6 * (slope_1 + 2 * slope_2 + 2 * slope_3 + slope_4)


def _derivative(links: Array, torque: Array) -> Array:
    """The equations of motion, in the letters of Sutton and Barto's book (section "The Acrobot")."""
    xp = namespace(links)
    theta_1, theta_2, velocity_1, velocity_2 = links[0], links[1], links[2], links[3]
    cosine, sine = xp.cos(theta_2), xp.sin(theta_2)
    d_1 = CENTRE**2 + (1.0 + CENTRE**2 + 2 * CENTRE * cosine) + 2.0
    d_2 = CENTRE**2 + CENTRE * cosine + 1.0
    phi_2 = CENTRE * GRAVITY * xp.cos(theta_1 + theta_2 - math.pi / 2)
    phi_1 = (
        -CENTRE * velocity_2**2 * sine
        - 2 * CENTRE * velocity_2 * velocity_1 * sine
        + (CENTRE + 1.0) * GRAVITY * xp.cos(theta_1 - math.pi / 2)
        + phi_2
    )
    acceleration_2 = (torque + d_2 / d_1 * phi_1 - CENTRE * velocity_1**2 * sine - phi_2) / (
        CENTRE**2 + 1.0 - d_2**2 / d_1
    )
    acceleration_1 = -(d_2 * acceleration_2 + phi_1) / d_1
    return xp.stack((velocity_1, velocity_2, acceleration_1, acceleration_2))


def _wrap(angle: Array) -> Array:
    """The same angle in [-pi, pi]."""
    return angle - 2 * math.pi * namespace(angle).ceil((angle - math.pi) / (2 * math.pi))


def acrobot_life(episodes: int = 3, episode_steps: int = 500) -> LifetimeDynamics[AcrobotState]:
    """A lifetime of several episodes of Acrobot.

    ## Description

    Two links hang from a fixed point; a torque on the joint between them swings the free end up (Sutton
    1996). Every step is that of Gymnasium's `Acrobot-v1`. Where an inner episode ends, the next begins in the
    same step, so that what is learned in one can be used in the next: the observation is then the first of
    the new episode.

    ## Action Space

    `Discrete(3)`: a torque of -1, 0 or 1 N m.

    ## Observation Space

    `Box((6,), float32)`

    | number | observation | min | max |
    |---|---|---|---|
    | 0, 1 | cosine and sine of the first angle, 0 hanging down | -1 | 1 |
    | 2, 3 | cosine and sine of the second angle, relative to the first | -1 | 1 |
    | 4 | first angular velocity, rad/s | -12.57 | 12.57 |
    | 5 | second angular velocity, rad/s | -28.27 | 28.27 |

    ## Rewards

    -1 for every step, 0 for the one that reaches the height. The return of a lifetime is the sum over its
    episodes.

    ## Starting State

    Both angles and both velocities are uniform in ±0.1, at the start of every inner episode.

    ## Episode End

    An inner episode ends when the free end is one link above the fixed point, or after `episode_steps` steps.
    The lifetime terminates with the last of its inner episodes.

    ## Information

    `inner_episode`: episodes finished so far. `episode_start`: whether one has just begun.

    ## Arguments

    * `episodes` (3): inner episodes of a lifetime, at least 1.
    * `episode_steps` (500): most steps of one, at least 1.
    * `render_mode` (None): `"human"` shows a window, `"rgb_array"` draws an array, `"ansi"` writes a line
      of text.

    ## Version History

    * v0: first version.
    """
    return LifetimeDynamics(Acrobot(), episodes, episode_steps)
