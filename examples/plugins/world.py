"""A world in one file: a moth flies to a lamp that is lit now at one end and now at the other.

lndp train examples/plugins/world.py:Moth --generations 20
lndp watch runs/Moth_1 --trust --gif moth.gif
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from gymnasium.spaces import Box, Discrete
from lndp_envs import Array, FrameRenderer, Labels, OneEpisode, View, fold, namespace, register, uniform


class MothState(NamedTuple):
    """B moths; every field has shape (B,) and dtype int64."""

    key: Array
    position: Array
    lamp: Array
    """The end where the lamp is lit: 0 left, 1 right. It is that of the task at first."""
    steps: Array


@dataclass(frozen=True)
class Moth(OneEpisode):
    """A moth flies left (0), right (1) or stays (2), and sees how bright it is on its left and on its right.

    The lamp is at one end of a row of cells, and after every step it may be lit at the other end instead. The
    reward is 1 in the cell of the lamp, else 0.
    """

    cells: int = 9
    hazard: float = 0.05

    num_tasks = 2
    observation_space = Box(0.0, 1.0, (2,), np.float32)
    action_space = Discrete(3)

    def reset(self, key: Array, task: Array | None = None) -> MothState:
        """Put every moth into the middle."""
        lamp = namespace(key).astype(uniform(key) < 0.5, key.dtype) if task is None else key * 0 + task
        return MothState(fold(key, 1), key * 0 + self.cells // 2, lamp, key * 0)

    def step(self, state: MothState, action: Array) -> tuple[MothState, Array, Array]:
        """Fly, pay, and perhaps light the lamp at the other end."""
        xp = namespace(action)
        move = xp.astype(action == 1, xp.int64) - xp.astype(action == 0, xp.int64)
        position = xp.clip(state.position + move, 0, self.cells - 1)
        reward = xp.astype(position == state.lamp * (self.cells - 1), xp.float64)
        switches = xp.astype(uniform(fold(state.key, state.steps)) < self.hazard, xp.int64)
        after = MothState(state.key, position, state.lamp ^ switches, state.steps + 1)
        return after, reward, action < 0  # it never ends by itself

    def observe(self, state: MothState) -> Array:
        """Brightness on the left and on the right (B, 2), from 1 at the lamp to 0 at the other end."""
        xp, last = namespace(state.lamp), self.cells - 1
        brightness = 1 - xp.abs(state.position - state.lamp * last) / last
        sides = xp.stack((1 - state.lamp, state.lamp), axis=1)
        return xp.astype(sides * brightness[:, None], xp.float32)


class Night(FrameRenderer):
    """Draws the lamp and the moth."""

    def draw(self, view: View) -> Array:
        """(120, 40 for each cell, 3) uint8."""
        lamp = 40 * view.state.lamp[0] * (self.task.cells - 1)
        moth = 40 * view.state.position[0] + 8
        picture = np.full((120, 40 * self.task.cells, 3), 40, np.uint8)
        picture[10:40, lamp : lamp + 40] = (255, 220, 90)
        picture[70:100, moth : moth + 24] = (220, 220, 235)
        return picture


LABELS = Labels(("left", "right"), ("left", "right", "stay"))
register("moth/Moth-v0", Moth, max_episode_steps=100, renderer=Night, labels=LABELS)
