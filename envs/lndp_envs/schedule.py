"""Schedules of changes of an environment's rules, as JSON objects: every n steps, by chance, or at steps.

A change after step n means that step n + 1 is the first under the new rules; steps are counted from 1.
"""

from typing import Any, TypeAlias, cast

import numpy as np

from lndp_envs.arrays import Array
from lndp_envs.randomness import fold, uniform

Schedule: TypeAlias = dict[str, Any]
"""``kind`` is "reversal" with ``every``, "hazard" with ``p``, or "at" with ``steps``."""


def reversal(every: int) -> Schedule:
    """Return a schedule with a change after every so many steps.

    Raises:
        ValueError: ``every`` is no integer of at least 1.

    Example:
        >>> from lndp_envs import reversal
        >>> reversal(50)
        {'kind': 'reversal', 'every': 50}
    """
    return {"kind": "reversal", "every": _count("every", every)}


def hazard(p: float) -> Schedule:
    """Return a schedule with a change after any step with probability ``p``, independently.

    Raises:
        ValueError: ``p`` is no number in [0, 1].

    Example:
        >>> from lndp_envs import hazard
        >>> hazard(0.1)
        {'kind': 'hazard', 'p': 0.1}
    """
    return {"kind": "hazard", "p": check_probability("p", p)}


def at(steps: Any) -> Schedule:
    """Return a schedule with a change after each of these steps, a list or tuple of integers.

    Raises:
        ValueError: they are not one or more integers of at least 1.

    Example:
        >>> from lndp_envs import at
        >>> at([50, 20])
        {'kind': 'at', 'steps': [20, 50]}
    """
    if not isinstance(steps, list | tuple) or not steps:
        raise ValueError(f"steps is {steps!r}, but it must be a list of integers, at least one")
    return {"kind": "at", "steps": sorted({_count("a step", step) for step in cast("list[Any]", steps)})}


def check_schedule(schedule: Any) -> Schedule:
    """Return the schedule as the functions above would make it.

    Raises:
        ValueError: it has another form, or a number is out of its range.
    """
    match schedule:
        case {"kind": "reversal", "every": every} if len(schedule) == 2:
            return reversal(every)
        case {"kind": "hazard", "p": p} if len(schedule) == 2:
            return hazard(p)
        case {"kind": "at", "steps": steps} if len(schedule) == 2:
            return at(steps)
        case _:
            raise ValueError(f"schedule is {schedule!r}, but it must be made by reversal(), hazard() or at()")


def is_change(schedule: Schedule, key: Array, step: int) -> bool:
    """Return whether the rules change after a step.

    Args:
        schedule: made by one of the functions above.
        key: (1,) int64, the randomness of the lifetime.
        step: its number, from 1.
    """
    if schedule["kind"] == "reversal":
        return step % schedule["every"] == 0
    if schedule["kind"] == "at":
        return step in schedule["steps"]
    return bool(strikes(key, step, schedule["p"])[0])


def strikes(key: Array, step: Array | int, probability: float) -> Array:
    """Return whether a hazard strikes: (B,) bool, from keys (B,) int64 and the step, an int or (B,) int64."""
    return uniform(fold(key, step)) < probability


def check_probability(name: str, value: Any) -> float:
    """Return the value as a number in [0, 1].

    Raises:
        ValueError: it is something else.
    """
    is_number = isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)
    if not is_number or not 0.0 <= value <= 1.0:
        raise ValueError(f"{name} is {value!r}, but a probability is a number in [0, 1]")
    return float(cast("float", value))


def _count(name: str, value: Any) -> int:
    if not isinstance(value, int | np.integer) or isinstance(value, bool) or value < 1:
        raise ValueError(f"{name} is {value!r}, but it must be an integer of at least 1")
    return int(cast("int", value))
