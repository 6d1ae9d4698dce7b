"""Drawing classic control with Gymnasium's own pictures, and what is hidden from the agent on top."""

import math
from typing import Any, ClassVar

import gymnasium
import numpy as np

from lndp_envs.arrays import Array
from lndp_envs.canvas import Canvas
from lndp_envs.cart_pole_reversal import CartPoleReversal
from lndp_envs.pendulum import TORQUE_LIMIT, Pendulum
from lndp_envs.pendulum_goal_switch import PendulumGoalSwitch
from lndp_envs.picture import APPLE, GOLD, INK
from lndp_envs.rendering import FrameRenderer
from lndp_envs.view import View

_PIXELS_PER_METRE = 500 / 4.4  # of Gymnasium's pendulum, whose picture shows 2.2 m to each side


class LifeRenderer(FrameRenderer):
    """Puts the state of a lifetime into Gymnasium's environment and has it drawn there.

    Args:
        task: the dynamics, with those of the environment inside.
        render_mode: ``human``, ``rgb_array`` or ``ansi``.
    """

    gymnasium_id: ClassVar[str]
    """The environment that draws."""

    def __init__(self, task: Any, render_mode: str) -> None:
        self._env: Any = gymnasium.make(self.gymnasium_id, render_mode="rgb_array").unwrapped
        super().__init__(task, render_mode)

    def draw(self, view: View) -> Array:
        """Gymnasium's picture, marked with what the agent is not told."""
        state = view.state.inner
        self._env.state = np.concatenate(state[:-1])  # the last field counts the steps
        if isinstance(self.task.inner, Pendulum):
            torque = np.clip(view.action[0, 0], -TORQUE_LIMIT, TORQUE_LIMIT)
            self._env.last_u = torque if state.steps[0] > 0 else None
        pixels = self._env.render()
        if not self.secret(view):
            return pixels
        canvas = Canvas(pixels.shape[1], pixels.shape[0])
        canvas.picture(pixels)
        self.mark(canvas, view)
        return canvas.pixels()

    def write(self, view: View) -> str:
        """The numbers of the state, the episode, and what the agent is not told."""
        state = view.state.inner
        numbers = [f"{name} {field[0]:+.3f}" for name, field in zip(state._fields, state[:-1], strict=False)]
        parts = [f"step {int(state.steps[0])}", *numbers]
        episodes: int | None = self.task.episodes
        if episodes is not None:
            parts.insert(0, f"episode {int(view.state.episode[0]) + 1}/{episodes}")
        if secret := self.secret(view):
            parts.append(secret)
        return "  ".join([*parts, f"reward {view.reward[0]:g}", f"score {view.total[0]:g}"])

    def secret(self, view: View) -> str:
        """Return what a person may know but the agent is not told; empty if there is nothing."""
        return ""

    def mark(self, canvas: Canvas, view: View) -> None:
        """Draw the secret."""
        canvas.text(self.secret(view), (canvas.size[0] / 2, 24), 28, INK)


class CartPoleRenderer(LifeRenderer):
    """Draws a cart with its pole."""

    gymnasium_id = "CartPole-v1"
    title = "CartPole"
    frames_per_second = 50


class AcrobotRenderer(LifeRenderer):
    """Draws two links."""

    gymnasium_id = "Acrobot-v1"
    title = "Acrobot"
    frames_per_second = 15


class PendulumRenderer(LifeRenderer):
    """Draws a rod."""

    gymnasium_id = "Pendulum-v1"
    title = "Pendulum"
    frames_per_second = 30


class CartPoleReversalRenderer(CartPoleRenderer):
    """Says which way the pushes go."""

    task: CartPoleReversal

    def secret(self, view: View) -> str:
        """Return whether the pushes are swapped, in words."""
        return "pushes swapped" if self.task.is_swapped(view.state)[0] else "ordinary pushes"


class PendulumGoalSwitchRenderer(PendulumRenderer):
    """Shows the goal as a ring where the end of the rod should be."""

    task: PendulumGoalSwitch

    def secret(self, view: View) -> str:
        """The goal."""
        return f"goal {self.task.goal_angle(view.state)[0]:+.3f}"

    def mark(self, canvas: Canvas, view: View) -> None:
        """The ring."""
        angle = float(self.task.goal_angle(view.state)[0])
        x, y = (size / 2 for size in canvas.size)
        end = (x - _PIXELS_PER_METRE * math.sin(angle), y - _PIXELS_PER_METRE * math.cos(angle))
        color = GOLD if view.state.goal[0] == view.before.goal[0] else APPLE
        canvas.ring(end, 0.2 * _PIXELS_PER_METRE, 6.0, color)
