"""Wrappers that turn any Gymnasium environment into one whose rules change on a schedule."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, SupportsFloat, cast

import gymnasium
import numpy as np
from gymnasium.spaces import Box, Discrete
from gymnasium.utils import RecordConstructorArgs

from lndp_envs.arrays import Array
from lndp_envs.inputs import check_action
from lndp_envs.kinds import Action, Env, Info, Observation, Options
from lndp_envs.schedule import check_schedule, is_change


class ScheduleWrapper(gymnasium.Wrapper[Any, Any, Any, Any], RecordConstructorArgs):
    """Base class of wrappers with a schedule: it holds the phase that the environment is in.

    An episode begins in phase 0; each change leads to the next phase, and from the last to the first. Changes
    by chance are drawn from the seed of the reset, but not from the environment's own stream, so that the
    environment does what it would do without the wrapper.

    Args:
        env: the environment.
        schedule: when the phase changes, from :func:`reversal`, :func:`hazard` or :func:`at`.
        phases: the phases as JSON, or None for those that are usual.
        num_phases: how many there are.
        notify: put the phase, and whether it has just changed, into the info.
    """

    subject: ClassVar[str]
    """Name of the thing that changes; the names in the info begin with it."""

    def __init__(
        self,
        env: Env,
        schedule: Mapping[str, Any],
        *,
        phases: list[Any] | None,
        num_phases: int,
        notify: bool,
    ) -> None:
        schedule = check_schedule(schedule)
        RecordConstructorArgs.__init__(self, schedule=schedule, phases=phases, notify=notify)
        super().__init__(env)
        self._schedule = schedule
        self._num_phases = num_phases
        self._notify = notify
        inner = env
        self._depth = 1  # tells the randomness of nested schedules apart
        while isinstance(inner, gymnasium.Wrapper):
            self._depth += isinstance(inner, ScheduleWrapper)
            inner = inner.env
        self._generator = np.random.default_rng()
        self._key: Array = np.zeros(1, dtype=np.int64)
        self._steps = 0
        self._phase = 0

    def reset(self, *, seed: int | None = None, options: Options | None = None) -> tuple[Observation, Info]:
        """Begin an episode in phase 0; the arguments and results are those of the environment."""
        observation, info = self.env.reset(seed=seed, options=options)
        if seed is not None:
            self._generator = np.random.default_rng([seed, self._depth])
        self._key = self._generator.integers(2**63, size=1)
        self._steps = self._phase = 0
        return observation, info | self._signs(has_changed=False)

    def _advance(self) -> Info:
        """Count a step, change the phase if the schedule says so, and say it if that is wanted."""
        self._steps += 1
        has_changed = is_change(self._schedule, self._key, self._steps)
        self._phase = (self._phase + has_changed) % self._num_phases
        return self._signs(has_changed=has_changed)

    def _signs(self, *, has_changed: bool) -> Info:
        if not self._notify:
            return {}
        return {f"{self.subject}_phase": self._phase, f"{self.subject}_changed": has_changed}


class RewardSchedule(ScheduleWrapper):
    """Changes on a schedule what an environment pays; by default the reward changes its sign.

    The change is hidden; with ``notify`` the info has ``reward_phase`` and ``reward_changed``, which is True
    in the info of the last step before the new phase pays. An episode begins in phase 0. Put
    :class:`SenseReward` outside of this wrapper, so that the changed reward is sensed; outside of
    :class:`Lifetime` it counts the steps of the lifetime, inside those of the inner episode.

    Args:
        env: the environment.
        schedule: when the phase changes, from :func:`reversal`, :func:`hazard` or :func:`at`.
        phases: ``[factor, offset]`` of each phase, which pays factor * reward + offset; by default
            ``[[1, 0], [-1, 0]]``.
        notify: see above.

    Raises:
        ValueError: the schedule or the phases have another form.

    Example:
        >>> import gymnasium
        >>> from lndp_envs import RewardSchedule, at
        >>> env = RewardSchedule(gymnasium.make("CartPole-v1"), at([1]))
        >>> _ = env.reset(seed=0)
        >>> [env.step(0)[1], env.step(1)[1]]
        [1.0, -1.0]
    """

    subject = "reward"

    def __init__(
        self,
        env: Env,
        schedule: Mapping[str, Any],
        phases: Sequence[Sequence[float]] = ((1.0, 0.0), (-1.0, 0.0)),
        *,
        notify: bool = False,
    ) -> None:
        self._pays = _check_payments(phases)
        super().__init__(
            env, schedule, phases=[list(pay) for pay in self._pays], num_phases=len(self._pays), notify=notify
        )

    def step(self, action: Action) -> tuple[Observation, SupportsFloat, bool, bool, Info]:
        """Take one step, paid as the phase says."""
        observation, reward, terminated, truncated, info = self.env.step(action)
        factor, offset = self._pays[self._phase]
        return observation, factor * float(reward) + offset, terminated, truncated, info | self._advance()


class ActionSchedule(ScheduleWrapper):
    """Changes on a schedule what the actions of an environment mean; by default they are mirrored.

    A mirrored discrete action counts from the last one; a mirrored box swaps its bounds, or the sign where it
    has none. The change is hidden; with ``notify`` the info has ``action_phase`` and ``action_changed``,
    which is True in the info of the last step before the new phase. An episode begins in phase 0. Outside of
    :class:`Lifetime` this wrapper counts the steps of the lifetime, inside those of the inner episode.

    Args:
        env: the environment; its actions are discrete or a box.
        schedule: when the phase changes, from :func:`reversal`, :func:`hazard` or :func:`at`.
        phases: for discrete actions the permutation of each phase: ``phases[k][i]`` is what action i does in
            phase k, counted from the first action. By default all as they are, then all reversed. None for a
            box.
        notify: see above.

    Raises:
        ValueError: the schedule or the phases have another form, or the actions cannot be mirrored.

    Example:
        >>> import gymnasium
        >>> from lndp_envs import ActionSchedule, reversal
        >>> env = ActionSchedule(gymnasium.make("CartPole-v1"), reversal(every=20), notify=True)
        >>> env.reset(seed=0)[1]["action_phase"]
        0
    """

    subject = "action"

    def __init__(
        self,
        env: Env,
        schedule: Mapping[str, Any],
        phases: Sequence[Sequence[int]] | None = None,
        *,
        notify: bool = False,
    ) -> None:
        self._space = _check_space(env.action_space)
        self._permutations = _check_permutations(phases, self._space)
        super().__init__(
            env,
            schedule,
            phases=None if phases is None else self._permutations,
            num_phases=len(self._permutations) or 2,
            notify=notify,
        )

    def step(self, action: Action) -> tuple[Observation, SupportsFloat, bool, bool, Info]:
        """Take one step with what the action means in this phase.

        Raises:
            ValueError: the action is not one of the action space.
        """
        observation, reward, terminated, truncated, info = self.env.step(self._translate(action))
        return observation, reward, terminated, truncated, info | self._advance()

    def _translate(self, action: Action) -> Action:
        checked = check_action(self._space, action)[0]
        if isinstance(self._space, Discrete):
            start = int(self._space.start)
            return start + self._permutations[self._phase][int(checked) - start]
        if self._phase == 0:
            return checked
        is_bounded = self._space.bounded_below
        total = np.where(is_bounded, self._space.low, 0) + np.where(is_bounded, self._space.high, 0)
        return (total - checked).astype(checked.dtype)


def _check_payments(phases: Sequence[Sequence[float]]) -> list[tuple[float, float]]:
    pays = _table(phases, 2)
    if pays is None or not np.isfinite(pays).all():
        raise ValueError(f"phases is {phases!r}, but it must be a list of [factor, offset], finite numbers")
    return [(float(factor), float(offset)) for factor, offset in pays]


def _check_space(space: Any) -> "Discrete[Any] | Box[Any]":
    if isinstance(space, Discrete):
        return cast("Discrete[Any]", space)
    if isinstance(space, Box):
        box = cast("Box[Any]", space)
        if np.array_equal(box.bounded_below, box.bounded_above):
            return box
    raise ValueError(f"actions are {space}, but only Discrete and Box with both bounds or none can change")


def _check_permutations(
    phases: Sequence[Sequence[int]] | None, space: "Discrete[Any] | Box[Any]"
) -> list[list[int]]:
    """Return the permutation of each phase; none for a box."""
    if isinstance(space, Box):
        if phases is not None:
            raise ValueError(f"phases is {phases!r}, but a box of actions is only mirrored: leave it out")
        return []
    ordinary = list(range(int(space.n)))
    if phases is None:
        return [ordinary, ordinary[::-1]]
    permutations = _table(phases, len(ordinary))
    if permutations is None or (np.sort(permutations) != ordinary).any():
        raise ValueError(f"phases is {phases!r}, but each must be a permutation of 0 to {len(ordinary) - 1}")
    return permutations.astype(np.int64).tolist()


def _table(rows: Any, width: int) -> Array | None:
    """Return one or more rows of so many numbers as an array, or None if they are something else."""
    try:
        table: Array = np.array(rows, dtype=np.float64)
    except (TypeError, ValueError):
        return None
    return table if table.ndim == 2 and table.shape[1] == width and len(table) > 0 else None
