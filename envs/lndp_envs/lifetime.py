"""Lifetimes of several episodes, as dynamics (control tasks of arXiv 2406.09787 have lifetimes of three)."""

from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, TypeVar

import numpy as np

from lndp_envs.arrays import Array, namespace
from lndp_envs.dynamics import Dynamics, draw_task, where
from lndp_envs.kinds import Space
from lndp_envs.randomness import fold

Inner = TypeVar("Inner", bound=tuple[Any, ...])


class LifetimeState(NamedTuple, Generic[Inner]):
    """B lifetimes; every field but ``inner`` has shape (B,) and dtype int64."""

    inner: Inner
    """The state of the inner episode."""
    key: Array
    """The randomness of the later episodes."""
    task: Array
    """The context of the lifetime; all its episodes have it."""
    episode: Array
    """Inner episodes finished so far, at most one less than there are."""
    episode_step: Array
    """Steps taken in the inner episode."""


@dataclass(frozen=True)
class LifetimeDynamics(Generic[Inner]):
    """Play several episodes as one lifetime.

    Where an inner episode ends, by itself or by its time limit, the next begins in the same step: the reward
    is that of the last step, the observation is the first of the new episode. The lifetime ends with its last
    episode.

    Args:
        inner: dynamics of an episode.
        episodes: number of episodes of a lifetime, at least 1.
        episode_steps: most steps of an episode, at least 1.

    Raises:
        ValueError: a number is below 1.
    """

    inner: Dynamics[Inner]
    episodes: int = 3
    episode_steps: int = 500
    trial_steps = 1  # a window of steps may cut the trials of an episode in two

    def __post_init__(self) -> None:
        for name in ("episodes", "episode_steps"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}, but it must be at least 1")

    @property
    def num_steps(self) -> int:
        """Most steps of a lifetime."""
        return self.episodes * self.episode_steps

    @property
    def num_tasks(self) -> int:
        """Number of contexts of the inner dynamics."""
        return self.inner.num_tasks

    @property
    def observation_space(self) -> Space:
        """Observation space of the inner dynamics."""
        return self.inner.observation_space

    @property
    def action_space(self) -> Space:
        """Action space of the inner dynamics."""
        return self.inner.action_space

    def reset(self, key: Array, task: Array | None = None) -> LifetimeState[Inner]:
        """Begin the first episode of every lifetime."""
        zero = namespace(key).zeros_like(key)
        task = draw_task(fold(key, 0), self.num_tasks) if task is None else zero + task
        key = fold(key, 1)
        return LifetimeState(self.inner.reset(fold(key, 0), task), key, task, zero, zero)

    def step(self, state: LifetimeState[Inner], action: Array) -> tuple[LifetimeState[Inner], Array, Array]:
        """Advance the inner episodes, and begin the next where one ended and it was not the last."""
        xp = namespace(state.key)
        inner, reward, is_over = self.inner.step(state.inner, action)
        episode_step = state.episode_step + 1
        is_over = is_over | (episode_step >= self.episode_steps)
        is_last = state.episode + 1 >= self.episodes
        begins = is_over & ~is_last
        if xp is not np or begins.any():  # NumPy may look at the data, and an episode begins in few steps
            fresh = self.inner.reset(fold(state.key, state.episode + 1), state.task)
            inner = where(begins, fresh, inner)
        after = LifetimeState(
            inner=inner,
            key=state.key,
            task=state.task,
            episode=state.episode + xp.astype(begins, xp.int64),
            episode_step=xp.where(begins, 0, episode_step),
        )
        return after, reward, is_over & is_last

    def observe(self, state: LifetimeState[Inner]) -> Array:
        """Return the observations of the inner dynamics."""
        return self.inner.observe(state.inner)

    def episode_start(self, state: LifetimeState[Inner]) -> Array:
        """Return, (B,) bool, whether an inner episode has just begun."""
        return state.episode_step == 0

    def info(self, state: LifetimeState[Inner]) -> dict[str, Array]:
        """Return the info of the inner dynamics, ``inner_episode`` (how many are done), ``episode_start``."""
        own = {"inner_episode": state.episode + 0, "episode_start": self.episode_start(state)}
        return self.inner.info(state.inner) | own

    def hidden(self, state: LifetimeState[Inner]) -> dict[str, Array]:
        """Return what the inner dynamics hide."""
        return self.inner.hidden(state.inner)
