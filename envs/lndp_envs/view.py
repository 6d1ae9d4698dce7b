"""Views: the state of dynamics with the last step and the totals of the lifetime, for those who draw."""

from typing import Any, NamedTuple

import numpy as np

from lndp_envs.arrays import Array
from lndp_envs.dynamics import AnyDynamics


class View(NamedTuple):
    """B lifetimes at one moment; the first axis of every field is B.

    Example:
        >>> from lndp_envs import FrameRenderer, View
        >>> class Text(FrameRenderer):
        ...     def draw(self, view: View):
        ...         raise NotImplementedError(f"step {view.steps[0]}, return {view.total[0]}")
    """

    state: Any
    """The state now."""
    before: Any
    """The state before the last step; at the start the state itself."""
    action: Array
    """The last action; zeros at the start."""
    reward: Array
    """The last reward; 0 at the start."""
    total: Array
    """All rewards of the lifetime."""
    steps: Array
    """Steps taken in the lifetime."""


def begin(dynamics: AnyDynamics, key: Array, task: Array | None) -> View:
    """Begin lifetimes; ``key`` and ``task`` are as in :meth:`Dynamics.reset`."""
    state = dynamics.reset(key, task)
    space = dynamics.action_space
    action = np.zeros((len(key), *(space.shape or ())), dtype=space.dtype)
    zero = np.zeros(len(key))
    return View(state, state, action, zero, zero, np.zeros(len(key), dtype=np.int64))


def advance(dynamics: AnyDynamics, view: View, action: Array) -> tuple[View, Array]:
    """Take one step; return the new view, and whether the episode has terminated (B,) bool."""
    state, reward, terminated = dynamics.step(view.state, action)
    return View(state, view.state, action, reward, view.total + reward, view.steps + 1), terminated
