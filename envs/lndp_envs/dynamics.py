"""Dynamics: an environment as pure functions over a state, batch first, the same for every way of running it.

The same functions serve the single environment (a batch of one, NumPy), the vector environment and the
evolution loop (torch, on the device of the keys, compilable). They never branch on data that is torch's. All
randomness of a row comes from the row's own key, so a lifetime does not depend on the batch it runs in.
"""

from typing import Any, Protocol, TypeAlias, TypeVar, cast

from lndp_envs.arrays import Array, namespace
from lndp_envs.kinds import Space
from lndp_envs.randomness import uniform

State = TypeVar("State", bound=tuple[Any, ...])


class Dynamics(Protocol[State]):
    """The dynamics of B environments at once, one a row.

    ``State`` is a named tuple of arrays, or of such tuples, whose first axis is B. The time limit of an
    episode is not part of them; it belongs to the registration of the environment.

    Example:
        >>> import numpy as np
        >>> from lndp_envs import Dynamics, make_dynamics
        >>> dynamics: Dynamics = make_dynamics("lndp/Foraging-v0")[0]
        >>> state = dynamics.reset(np.arange(8))  # eight rows at once
        >>> state, reward, terminated = dynamics.step(state, np.zeros(8, np.int64))
        >>> reward.shape, dynamics.observe(state).shape
        ((8,), (8, 1))
    """

    @property
    def observation_space(self) -> Space:
        """Observation space of one row."""
        ...

    @property
    def action_space(self) -> Space:
        """Action space of one row."""
        ...

    @property
    def num_tasks(self) -> int:
        """Number of contexts: hidden conditions of a lifetime, equally likely; 1 if there are none."""
        ...

    def reset(self, key: Array, task: Array | None = None) -> State:
        """Begin a lifetime in every row.

        Args:
            key: (B,) int64; all that is random in the row's lifetime follows from it.
            task: (B,) int64 in [0, ``num_tasks``), the context of lifetimes; sampled from ``key`` if None.
        """
        ...

    def step(self, state: State, action: Array) -> tuple[State, Array, Array]:
        """Advance every row by one step.

        Args:
            state: the rows.
            action: (B,) int64 for a discrete action space, else (B, *shape) floats.

        Returns:
            The new state, the reward (B,) float64, and whether the episode has terminated (B,) bool.
        """
        ...

    def observe(self, state: State) -> Array:
        """Return the observations: (B, *shape) float32, or (B,) int64 for a discrete observation space."""
        ...

    def episode_start(self, state: State) -> Array:
        """Return, (B,) bool, whether the state is the first of an episode, or of an inner episode."""
        ...

    def info(self, state: State) -> dict[str, Array]:
        """Return the info of each row, beside the observation: fresh arrays whose first axis is B."""
        ...

    def hidden(self, state: State) -> dict[str, Array]:
        """Return what the observation hides, by name: fresh arrays (B,) that say which rules hold now."""
        ...

    @property
    def episodes(self) -> int | None:
        """Number of episodes of a lifetime; None where there are no episodes within it."""
        ...

    @property
    def num_steps(self) -> int | None:
        """Most steps of a lifetime; None where only the registration of the environment says so."""
        ...

    @property
    def trial_steps(self) -> int:
        """Most steps of a trial, at whose end rewards come; 1 where there are no trials."""
        ...


AnyDynamics: TypeAlias = Dynamics[Any]
"""Dynamics with states of any type."""


class OneEpisode:
    """Defaults for dynamics whose lifetime is one episode, without trials, and that hide nothing.

    Their states count the steps, in a field ``steps``, or they have an ``episode_start`` of their own.

    Example:
        >>> from typing import NamedTuple
        >>> import numpy as np
        >>> from gymnasium.spaces import Box, Discrete
        >>> from lndp_envs import OneEpisode
        >>> class Count(NamedTuple):
        ...     steps: np.ndarray
        >>> class Counter(OneEpisode):
        ...     num_tasks = 1
        ...     observation_space, action_space = Box(0.0, np.inf, (1,), np.float32), Discrete(2)
        ...     def reset(self, key, task=None):
        ...         return Count(key * 0)
        ...     def step(self, state, action):
        ...         return Count(state.steps + 1), action * 1.0, action < 0
        ...     def observe(self, state):
        ...         return state.steps[:, None].astype("float32")
        >>> Counter().episode_start(Counter().reset(np.zeros(3, np.int64))).tolist()
        [True, True, True]
    """

    episodes = None
    num_steps = None
    trial_steps = 1

    def episode_start(self, state: Any) -> Array:
        """Return, (B,) bool, whether no step has been taken."""
        return state.steps == 0

    def info(self, state: Any) -> dict[str, Array]:
        """Return nothing."""
        return {}

    def hidden(self, state: Any) -> dict[str, Array]:
        """As ``Dynamics.hidden``."""
        return {}


def where(mask: Array, first: State, second: State) -> State:
    """Choose rows between two states.

    Args:
        mask: (B,) bool.
        first: the rows where the mask is True.
        second: the rows where it is False; the same type and shapes as ``first``.

    Returns:
        A state of the same type.
    """
    return type(first)(*(_choose(mask, left, right) for left, right in zip(first, second, strict=True)))


def select(state: State, rows: slice | Array) -> State:
    """Return some rows of a state, by slice or by index (int64)."""
    return type(state)(*(_pick(field, rows) for field in state))


def draw_task(key: Array, num_tasks: int) -> Array:
    """Sample one of ``num_tasks`` equally likely contexts for each row: (B,) int64 from keys (B,)."""
    xp = namespace(key)
    return xp.astype(uniform(key) * num_tasks, xp.int64)


def _pick(field: Any, rows: slice | Array) -> Any:
    return select(cast("tuple[Any, ...]", field), rows) if isinstance(field, tuple) else field[rows]


def _choose(mask: Array, first: Any, second: Any) -> Any:
    if isinstance(first, tuple):
        return where(mask, cast("tuple[Any, ...]", first), second)
    xp = namespace(mask)
    return xp.where(xp.reshape(mask, mask.shape + (1,) * (first.ndim - 1)), first, second)
