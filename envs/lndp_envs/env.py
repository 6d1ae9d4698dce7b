"""Dynamics as a Gymnasium environment: a batch of one, in NumPy."""

from typing import Any

import gymnasium
import numpy as np
from gymnasium.error import ResetNeeded

from lndp_envs.dynamics import AnyDynamics
from lndp_envs.inputs import check_action, check_options
from lndp_envs.kinds import Action, Info, Observation, Options
from lndp_envs.rendering import MakeRenderer, check_render_mode, metadata_of
from lndp_envs.view import View, advance, begin


class DynamicsEnv(gymnasium.Env[Any, Any]):
    """One environment of given dynamics.

    ``reset(seed=...)`` samples the key of the lifetime; ``reset(options={"task": ...})`` fixes its
    context. Actions of a discrete space may be ints, 0-d arrays or arrays of shape (1,).

    Args:
        dynamics: of the environment.
        make_renderer: makes the renderer of dynamics and a render mode; None where it cannot be drawn.
        render_mode: one of ``metadata["render_modes"]``, or None.

    Raises:
        ValueError: the render mode is not known.
    """

    def __init__(
        self,
        dynamics: AnyDynamics,
        make_renderer: MakeRenderer | None = None,
        render_mode: str | None = None,
    ) -> None:
        self.dynamics = dynamics
        self.observation_space = dynamics.observation_space
        self.action_space = dynamics.action_space
        self.metadata = metadata_of(make_renderer)
        self.render_mode = check_render_mode(render_mode, self.metadata["render_modes"])
        self.renderer = make_renderer(dynamics, render_mode) if make_renderer and render_mode else None
        self._view: View | None = None

    def reset(self, *, seed: int | None = None, options: Options | None = None) -> tuple[Observation, Info]:
        """Begin a lifetime.

        Args:
            seed: random seed of the lifetimes to come; None goes on with their stream.
            options: ``{"task": k}`` fixes the context of the lifetime.

        Returns:
            The first observation and the info.

        Raises:
            ValueError: there is another option, or no such context.
        """
        super().reset(seed=seed)
        task = check_options(options, self.dynamics.num_tasks)
        key = np.array([self.np_random.integers(2**63)], dtype=np.int64)
        return self._show(begin(self.dynamics, key, task))

    def step(self, action: Action) -> tuple[Observation, float, bool, bool, Info]:
        """Take one step.

        Args:
            action: one of the action space.

        Returns:
            Observation, reward, terminated, truncated (always False: the time limit is a wrapper) and info.

        Raises:
            ValueError: the action is not one of the action space.
            gymnasium.error.ResetNeeded: there was no reset.
        """
        view, terminated = advance(
            self.dynamics, self._require_view(), check_action(self.action_space, action)
        )
        observation, info = self._show(view)
        return observation, float(view.reward[0]), bool(terminated[0]), False, info

    def render(self) -> Any:
        """Draw the environment as ``render_mode`` says: an array, a text, or None for a window.

        Raises:
            gymnasium.error.ResetNeeded: there was no reset.
        """
        view = self._require_view()
        if self.renderer is None:
            gymnasium.logger.warn("render() draws nothing: the environment was made without a render_mode")
            return None
        return self.renderer.render(view)

    @property
    def is_window_closed(self) -> bool:
        """True once a person has closed the window; nothing is drawn from then on."""
        return self.renderer is not None and self.renderer.is_window_closed

    def close(self) -> None:
        """Close the window, if there is one."""
        if self.renderer is not None:
            self.renderer.close()

    def _show(self, view: View) -> tuple[Observation, Info]:
        """Make this the view of now, show it in the window if there is one, and sense it."""
        self._view = view
        if self.render_mode == "human":
            self.render()
        info = {name: values[0].item() for name, values in self.dynamics.info(view.state).items()}
        return self.dynamics.observe(view.state)[0], info

    def _require_view(self) -> View:
        if self._view is None:
            raise ResetNeeded("no lifetime has begun; call reset() first")
        return self._view
