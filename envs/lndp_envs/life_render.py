"""Drawing lives of classic control with Gymnasium's own pictures."""

from typing import Any

import gymnasium
import numpy as np

from lndp_envs.acrobot import Acrobot
from lndp_envs.cart_pole import CartPole
from lndp_envs.lifetime import LifetimeDynamics
from lndp_envs.pendulum import TORQUE_LIMIT, Pendulum
from lndp_envs.rendering import wants_to_close
from lndp_envs.view import View

_GYMNASIUM_IDS: dict[type, str] = {CartPole: "CartPole-v1", Acrobot: "Acrobot-v1", Pendulum: "Pendulum-v1"}


class LifeRenderer:
    """Puts the state of a life into Gymnasium's environment and has it drawn there.

    Args:
        task: a life of CartPole, Acrobot or Pendulum.
        render_mode: ``human`` or ``rgb_array``.
    """

    def __init__(self, task: LifetimeDynamics[Any], render_mode: str) -> None:
        self.is_window_closed = False
        self._env: Any = gymnasium.make(_GYMNASIUM_IDS[type(task.inner)], render_mode=render_mode).unwrapped
        self._is_window = render_mode == "human"

    def render(self, view: View) -> Any:
        """An array (height, width, 3) uint8, or None where it is shown in the window."""
        if self.is_window_closed:
            return None
        state = view.state
        self._env.state = np.concatenate(state.inner[:-1])  # the last field counts the steps
        if isinstance(view.action[0], np.ndarray):
            torque = np.clip(view.action[0, 0], -TORQUE_LIMIT, TORQUE_LIMIT)
            self._env.last_u = torque if state.episode_step[0] > 0 else None
        pixels = self._env.render()
        if self._is_window and wants_to_close():
            self.is_window_closed = True
            self.close()
        return pixels

    def close(self) -> None:
        """Close the window, if there is one."""
        self._env.close()
        self._env.screen = None
