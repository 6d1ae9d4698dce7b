"""CartPole-v1 of Gymnasium in batches (Barto, Sutton and Anderson 1983), equal to it step by step."""

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
POLE_MASS = 0.1  # kg
TOTAL_MASS = 1.0 + POLE_MASS
HALF_LENGTH = 0.5  # of the pole, m
POLE_MOMENT = POLE_MASS * HALF_LENGTH
FORCE = 10.0  # N
TIME_STEP = 0.02  # s
POSITION_LIMIT = 2.4  # m
ANGLE_LIMIT = 12 * 2 * math.pi / 360  # rad


class CartPoleState(NamedTuple):
    """B carts; every field has shape (B,), float64 but for the step count."""

    position: Array
    """Of the cart, m."""
    velocity: Array
    """Of the cart, m/s."""
    angle: Array
    """Of the pole from upright, rad."""
    angular_velocity: Array
    """Of the pole, rad/s."""
    steps: Array
    """Steps taken, int64."""


@dataclass(frozen=True)
class CartPole(OneEpisode):
    """Balance a pole on a cart: push left (0) or right (1), reward 1 a step, until it falls or runs away."""

    @property
    def num_tasks(self) -> int:
        """Number of contexts: 1."""
        return 1

    @property
    def observation_space(self) -> Space:
        """Position, velocity, angle, angular velocity; the bounds are Gymnasium's."""
        high = np.array([2 * POSITION_LIMIT, np.inf, 2 * ANGLE_LIMIT, np.inf], np.float32)
        return Box(-high, high, dtype=np.float32)

    @property
    def action_space(self) -> Space:
        """0 push to the left, 1 push to the right."""
        return Discrete(2)

    def reset(self, key: Array, task: Array | None = None) -> CartPoleState:
        """Draw all four numbers uniformly from ±0.05; ``task`` can only be 0."""
        start = uniform(key, (4,)) * 0.1 - 0.05
        return CartPoleState(
            start[:, 0], start[:, 1], start[:, 2], start[:, 3], namespace(key).zeros_like(key)
        )

    def step(self, state: CartPoleState, action: Array) -> tuple[CartPoleState, Array, Array]:
        """One Euler step of 0.02 s; the reward is 1, also for the step that ends the episode."""
        xp = namespace(action)
        force = xp.astype(action, xp.float64) * (2 * FORCE) - FORCE
        cosine, sine = xp.cos(state.angle), xp.sin(state.angle)
        push = (force + POLE_MOMENT * state.angular_velocity**2 * sine) / TOTAL_MASS
        angular_acceleration = (GRAVITY * sine - cosine * push) / (
            HALF_LENGTH * (4.0 / 3.0 - POLE_MASS * cosine**2 / TOTAL_MASS)
        )
        acceleration = push - POLE_MOMENT * angular_acceleration * cosine / TOTAL_MASS
        after = CartPoleState(
            position=state.position + TIME_STEP * state.velocity,
            velocity=state.velocity + TIME_STEP * acceleration,
            angle=state.angle + TIME_STEP * state.angular_velocity,
            angular_velocity=state.angular_velocity + TIME_STEP * angular_acceleration,
            steps=state.steps + 1,
        )
        is_lost = (xp.abs(after.position) > POSITION_LIMIT) | (xp.abs(after.angle) > ANGLE_LIMIT)
        return after, xp.ones_like(after.position), is_lost

    def observe(self, state: CartPoleState) -> Array:
        """The four numbers, (B, 4) float32."""
        xp = namespace(state.position)
        return xp.astype(xp.stack(state[:4], axis=-1), xp.float32)


def cart_pole_life(episodes: int = 3, episode_steps: int = 500) -> LifetimeDynamics[CartPoleState]:
    """A lifetime of several episodes of CartPole.

    ## Description

    A pole stands on a cart; pushing the cart keeps it upright (Barto, Sutton and Anderson 1983). Every step
    is that of Gymnasium's `CartPole-v1`. Where an inner episode ends, the next begins in the same step, so
    that what is learned in one can be used in the next: the observation is then the first of the new episode.

    ## Action Space

    `Discrete(2)`: 0 pushes the cart to the left, 1 to the right, with 10 N.

    ## Observation Space

    `Box((4,), float32)`

    | number | observation | min | max |
    |---|---|---|---|
    | 0 | cart position, m | -4.8 | 4.8 |
    | 1 | cart velocity, m/s | -inf | inf |
    | 2 | pole angle, rad | -0.418 | 0.418 |
    | 3 | pole angular velocity, rad/s | -inf | inf |

    ## Rewards

    1 for every step, also for the last of an inner episode. The return of a lifetime is the sum over its
    episodes.

    ## Starting State

    All four numbers are uniform in ±0.05, at the start of every inner episode.

    ## Episode End

    An inner episode ends when the cart is more than 2.4 m away or the pole leans more than 12 degrees, or
    after `episode_steps` steps. The lifetime terminates with the last of its inner episodes.

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
    return LifetimeDynamics(CartPole(), episodes, episode_steps)
