"""Checks of arguments of users: actions and the options of a reset."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

import numpy as np
from gymnasium.spaces import Box, Discrete

from lndp_envs.arrays import Array
from lndp_envs.kinds import Action, Space


def check_action(space: Space, action: Action, num_envs: int | None = None) -> Array:
    """Return a checked batch of actions.

    Args:
        space: the actions of one environment, ``Discrete`` or ``Box``.
        action: for a single environment an int, a 0-d or a shape-(1,) array of a discrete action, or an array
            of the box's shape; for several an array of these with a leading axis.
        num_envs: how many environments; None for a single one, which makes a batch of one.

    Returns:
        (B,) int64, or (B, *shape) floats of the precision they came in.

    Raises:
        ValueError: the action is not one of the space.
    """
    if isinstance(space, Discrete):
        return _check_discrete(space, action, num_envs)
    if isinstance(space, Box):
        return _check_box(cast("Box[Any]", space), action, num_envs)
    raise TypeError(f"actions are {space}, but only Discrete and Box are known")


def check_options(options: Mapping[str, Any] | None, num_tasks: int, num_envs: int = 1) -> Array | None:
    """Return the contexts that ``reset(options={"task": ...})`` asks for.

    Args:
        options: None, or a mapping with ``task``, an integer or one integer for each environment.
        num_tasks: number of contexts.
        num_envs: how many environments.

    Returns:
        (num_envs,) int64, or None where no context is asked for.

    Raises:
        ValueError: there is another option, or no such context.
    """
    options = options or {}
    if unknown := set(options) - {"task"}:
        raise ValueError(f"reset has no option {sorted(unknown)}; it knows 'task'")
    if options.get("task") is None:
        return None
    task = np.asarray(options["task"])
    if task.dtype.kind not in "iu" or task.shape not in {(), (num_envs,)} or _is_outside(task, num_tasks):
        raise ValueError(f"task is {options['task']!r}, but it must be an integer in [0, {num_tasks - 1}]")
    return np.broadcast_to(task.astype(np.int64), (num_envs,))


def check_mask(mask: Any, num_envs: int) -> Array:
    """Return the environments that ``reset(options={"reset_mask": ...})`` asks for, (num_envs,) bool.

    Raises:
        ValueError: the mask has another type or shape, or is nowhere True.
    """
    rows = np.asarray(mask)
    if rows.dtype != np.bool_ or rows.shape != (num_envs,) or not rows.any():
        raise ValueError(
            f"reset_mask is {mask!r}, but it must be {num_envs} bools, at least one of them True"
        )
    return rows


def check_seeds(seed: int | Sequence[int | None] | None, num_envs: int) -> Sequence[int | None]:
    """Return one seed for each environment, as Gymnasium spreads them: s + i, those of a list, or None.

    Raises:
        ValueError: the list has another length.
    """
    if seed is None:
        return [None] * num_envs
    if isinstance(seed, int | np.integer):
        return [int(seed) + row for row in range(num_envs)]
    if len(seed) != num_envs:
        raise ValueError(f"there are {len(seed)} seeds, but {num_envs} environments")
    return seed


def _check_discrete(space: Discrete, action: Action, num_envs: int | None) -> Array:
    batch = np.asarray(action)
    is_shaped = batch.shape in {(), (1,)} if num_envs is None else batch.shape == (num_envs,)
    if batch.dtype.kind not in "iu" or not is_shaped or _is_outside(batch - space.start, int(space.n)):
        what = "an integer" if num_envs is None else f"{num_envs} integers"
        last = int(space.start + space.n - 1)
        raise ValueError(f"action is {action!r}, but it must be {what} in [{space.start}, {last}]")
    return np.reshape(batch, (-1,)).astype(np.int64)


def _check_box(space: "Box[Any]", action: Action, num_envs: int | None) -> Array:
    batch = np.asarray(action)
    if batch.dtype.kind != "f":
        batch = batch.astype(space.dtype) if batch.dtype.kind in "iu" else np.full((), np.nan)
    shape = space.shape if num_envs is None else (num_envs, *space.shape)
    is_shaped = batch.shape == shape or (num_envs is None and shape == (1,) and batch.shape == ())
    if not is_shaped or not np.isfinite(batch).all():
        raise ValueError(f"action is {action!r}, but it must be finite numbers of shape {shape}")
    return np.reshape(batch, (-1, *space.shape))


def _is_outside(integers: Array, count: int) -> bool:
    return bool(((integers < 0) | (integers >= count)).any())
