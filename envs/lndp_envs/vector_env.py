"""Dynamics as a Gymnasium vector environment: one batch, in NumPy."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from gymnasium.error import ResetNeeded
from gymnasium.utils import seeding
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space

from lndp_envs.arrays import Array
from lndp_envs.dynamics import AnyDynamics, select, where
from lndp_envs.inputs import check_action, check_mask, check_options, check_seeds
from lndp_envs.kinds import Action, Info, Observation, Options
from lndp_envs.rendering import MakeRenderer, check_render_mode, metadata_of
from lndp_envs.view import View, advance, begin


class DynamicsVectorEnv(VectorEnv[Any, Any, Any]):
    """Many environments of the same dynamics, stepped as one batch, with the rollouts of ``SyncVectorEnv``.

    Environment i draws its lifetimes from its own stream, so that they do not depend on the other
    environments.

    Args:
        dynamics: of the environments.
        num_envs: how many environments.
        max_episode_steps: the time limit, which truncates; None for none.
        autoreset_mode: what happens after a lifetime has ended, see ``gymnasium.vector.AutoresetMode``.
        make_renderer: makes the renderer of dynamics and a render mode; None where it cannot be drawn.
        render_mode: one of ``metadata["render_modes"]``, or None.

    Raises:
        ValueError: ``num_envs`` or ``max_episode_steps`` is below 1, or a mode is not known.
    """

    def __init__(
        self,
        dynamics: AnyDynamics,
        num_envs: int = 1,
        *,
        max_episode_steps: int | None = None,
        autoreset_mode: AutoresetMode | str = AutoresetMode.NEXT_STEP,
        make_renderer: MakeRenderer | None = None,
        render_mode: str | None = None,
    ) -> None:
        for name, count in (("num_envs", num_envs), ("max_episode_steps", max_episode_steps)):
            if count is not None and count < 1:
                raise ValueError(f"{name} is {count}, but it must be at least 1")
        self.dynamics = dynamics
        self.num_envs = num_envs
        self.max_episode_steps = max_episode_steps
        self.autoreset_mode = AutoresetMode(autoreset_mode)
        self.metadata = metadata_of(make_renderer) | {"autoreset_mode": self.autoreset_mode}
        self.metadata["render_modes"] = [each for each in self.metadata["render_modes"] if each != "human"]
        self.render_mode = check_render_mode(render_mode, self.metadata["render_modes"])
        self.single_observation_space = dynamics.observation_space
        self.single_action_space = dynamics.action_space
        self.observation_space = batch_space(dynamics.observation_space, num_envs)
        self.action_space = batch_space(dynamics.action_space, num_envs)
        self.renderers = [
            make_renderer(dynamics, render_mode) for _ in range(num_envs) if make_renderer and render_mode
        ]
        self._generators = [seeding.np_random()[0] for _ in range(num_envs)]
        self._view: View | None = None
        self._everywhere: Array = np.ones(num_envs, dtype=np.bool_)
        self._is_over: Array = ~self._everywhere

    def reset(
        self, *, seed: int | Sequence[int | None] | None = None, options: Options | None = None
    ) -> tuple[Observation, Info]:
        """Begin a lifetime in every environment, or in those of ``options["reset_mask"]``.

        Args:
            seed: environment i is seeded with ``seed + i`` or the i-th of a list; None goes on with its
                stream.
            options: ``task``, the index of a context, or one for each environment; ``reset_mask``,
                (num_envs,) bool.

        Returns:
            The observations of all environments, and the infos of those that were reset.

        Raises:
            ValueError: the seeds or options do not fit.
        """
        options = dict(options or {})
        rows = check_mask(options.pop("reset_mask", self._everywhere), self.num_envs)
        task = check_options(options, self.dynamics.num_tasks, self.num_envs)
        for row, row_seed in enumerate(check_seeds(seed, self.num_envs)):
            if rows[row] and row_seed is not None:
                self._generators[row] = seeding.np_random(row_seed)[0]
        self._begin(rows, task)
        self._is_over = self._is_over & ~rows
        return self._observe(), self._infos(rows)

    def step(self, actions: Action) -> tuple[Observation, Array, Array, Array, Info]:
        """Take one step in every environment; where a lifetime has ended, do what ``autoreset_mode`` says.

        Args:
            actions: one for each environment.

        Returns:
            Observations, rewards (num_envs,) float64, terminated and truncated (num_envs,) bool, and infos.

        Raises:
            ValueError: an action is not one of the action space.
            gymnasium.error.ResetNeeded: there was no reset, or in the mode DISABLED none after the end of a
            lifetime.
        """
        batch = check_action(self.dynamics.action_space, actions, self.num_envs)
        begins = self._is_over if self.autoreset_mode is AutoresetMode.NEXT_STEP else ~self._everywhere
        if self.autoreset_mode is AutoresetMode.DISABLED and self._is_over.any():
            rows = np.flatnonzero(self._is_over).tolist()
            raise ResetNeeded(
                f"the lifetimes of the environments {rows} have ended; reset them with a reset_mask"
            )
        self._view, terminated = advance(self.dynamics, self._require_view(), batch)
        self._begin(begins)
        terminated = terminated & ~begins
        truncated = self._view.steps >= (self.max_episode_steps or np.inf)
        reward = self._view.reward.copy()
        self._is_over = terminated | truncated
        infos = self._reset_same_step() if self.autoreset_mode is AutoresetMode.SAME_STEP else {}
        return self._observe(), reward, terminated, truncated, infos | self._infos(self._everywhere)

    def render(self) -> tuple[Any, ...] | None:
        """Draw every environment: a tuple of frames, or None without a render mode."""
        view = self._require_view()
        frames = (
            renderer.render(select(view, slice(row, row + 1))) for row, renderer in enumerate(self.renderers)
        )
        return tuple(frames) if self.renderers else None

    def close_extras(self, **kwargs: Any) -> None:
        """Give back what the renderers hold."""
        for renderer in self.renderers:
            renderer.close()

    def _begin(self, rows: Array, task: Array | None = None) -> None:
        """Begin a lifetime in the environments of ``rows``, (num_envs,) bool."""
        keys = np.zeros(self.num_envs, dtype=np.int64)
        for row in np.flatnonzero(rows):
            keys[row] = self._generators[row].integers(2**63)
        if rows.all():
            self._view = begin(self.dynamics, keys, task)
        elif rows.any():
            self._view = where(rows, begin(self.dynamics, keys, task), self._require_view())

    def _reset_same_step(self) -> Info:
        """Begin a lifetime where one has just ended, and keep what was seen last as Gymnasium does."""
        rows = self._is_over
        if not rows.any():
            return {}
        final = np.full(self.num_envs, None, dtype=object)
        observations = self._observe()
        for row in np.flatnonzero(rows):
            final[row] = observations[row]
        infos: Info = {"final_obs": final, "final_info": self._infos(rows)}
        self._begin(rows)
        return infos | {"_final_obs": rows.copy(), "_final_info": rows.copy()}

    def _require_view(self) -> View:
        if self._view is None:
            raise ResetNeeded("no lifetimes have begun; call reset() first")
        return self._view

    def _observe(self) -> Observation:
        return self.dynamics.observe(self._require_view().state)

    def _infos(self, rows: Array) -> Info:
        """Return the infos of some rows, zeros elsewhere, each with a mask of rows, as Gymnasium does."""
        infos: Info = {}
        for name, values in self.dynamics.info(self._require_view().state).items():
            infos[name] = np.where(rows, values, np.zeros_like(values))
            infos[f"_{name}"] = rows.copy()
        return infos
