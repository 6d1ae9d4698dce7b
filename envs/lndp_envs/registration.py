"""Registration: one call makes the single, vector and batched environments of somebody's dynamics.

class Maze: ...  # `lndp_envs.Dynamics`
lndp_envs.register("my/Maze-v0", Maze, max_episode_steps=50)
gymnasium.make("my/Maze-v0"), gymnasium.make_vec("my/Maze-v0", 8), lndp_envs.make_dynamics("my/Maze-v0")
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from inspect import Parameter, Signature, signature
from typing import Any

import gymnasium

from lndp_envs.dynamics import AnyDynamics
from lndp_envs.env import DynamicsEnv
from lndp_envs.rendering import MakeRenderer, metadata_of
from lndp_envs.vector_env import DynamicsVectorEnv


@dataclass(frozen=True)
class Labels:
    """Names of inputs and outputs, printable ASCII.

    Example:
        >>> from lndp_envs import Labels
        >>> Labels(inputs=("left", "right"), outputs=("left", "right", "stay")).outputs[2]
        'stay'
    """

    inputs: tuple[str, ...] = ()
    """A name for each number of an observation."""
    outputs: tuple[str, ...] = ()
    """A name for each action, or for each number of an action."""
    unit: str = ""
    """Name of the inputs where an observation is encoded in more of them, such as "cell"."""


@dataclass(frozen=True)
class RegisteredWorld:
    """A registered id with its dynamics; the arguments of `register`."""

    env_id: str
    make_dynamics: Callable[..., AnyDynamics]
    max_episode_steps: int | None
    renderer: MakeRenderer | None
    labels: Labels
    reward_threshold: float | None
    kwargs: Mapping[str, Any]

    @property
    def module(self) -> str:
        """The module that makes the dynamics."""
        return self.make_dynamics.__module__

    @property
    def parameters(self) -> list[Parameter]:
        """The keywords of the dynamics, with the defaults of the id."""
        return [
            each.replace(kind=Parameter.KEYWORD_ONLY, default=self.kwargs.get(each.name, each.default))
            for each in signature(self.make_dynamics).parameters.values()
            if each.kind not in (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD)
        ]

    @property
    def further(self) -> list[Parameter]:
        """The `**keywords` of the function that makes the dynamics, if it takes any."""
        parameters = signature(self.make_dynamics).parameters.values()
        return [each for each in parameters if each.kind is Parameter.VAR_KEYWORD]

    def make(self, **kwargs: Any) -> AnyDynamics:
        """Make the dynamics.

        Args:
            **kwargs: keyword arguments of the dynamics, over those of the id.

        Raises:
            TypeError: the dynamics have no argument of that name.
        """
        self.check(kwargs)
        return self.make_dynamics(**{**self.kwargs, **kwargs})

    def check(self, names: Mapping[str, Any]) -> None:
        """Check that the dynamics take these keywords.

        Raises:
            TypeError: there is no such keyword.
        """
        if self.further:
            return
        known = [each.name for each in self.parameters]
        for name in names:
            if name not in known:
                near = get_close_matches(name, known, n=1)
                guess = f" (did you mean {near[0]!r}?)" if near else ""
                raise TypeError(f"no keyword {name!r}{guess}; known are {', '.join(known)}")


WORLDS: dict[str, RegisteredWorld] = {}
"""Registered dynamics by id."""


def register(
    env_id: str,
    make_dynamics: Callable[..., AnyDynamics],
    *,
    max_episode_steps: int | None = None,
    renderer: MakeRenderer | None = None,
    labels: Labels | None = None,
    reward_threshold: float | None = None,
    kwargs: Mapping[str, Any] | None = None,
) -> None:
    """Register a world: with Gymnasium as a single and as a vector environment, and here in batches.

    Registering an id again replaces it. An environment of Gymnasium that has the id already stays as it is;
    it gets the dynamics, which must be equal to it, for batches.

    Args:
        env_id: such as "my/Maze-v0".
        make_dynamics: a class of dynamics, or a function that makes them; its arguments are the keywords of
            the environment, its docstring is the environment's.
        max_episode_steps: the time limit, which truncates; None where the dynamics end by themselves.
        renderer: draws one environment, such as a subclass of `FrameRenderer`; None where it is not drawn.
        labels: what the numbers of an observation and the actions mean.
        reward_threshold: the return that counts as solved; the optimum where it is known.
        kwargs: keyword arguments of the dynamics that differ from their defaults.

    Raises:
        TypeError: the dynamics have no argument that `kwargs` names.

    Example:
        >>> from typing import NamedTuple
        >>> import numpy as np
        >>> from gymnasium.spaces import Box, Discrete
        >>> from lndp_envs import OneEpisode, register
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
        >>> register("docs/Counter-v0", Counter, max_episode_steps=5)
        >>> import gymnasium
        >>> env = gymnasium.make_vec("docs/Counter-v0", 2)
        >>> env.reset(seed=0)[0].tolist()
        [[0.0], [0.0]]
    """
    world = RegisteredWorld(
        env_id, make_dynamics, max_episode_steps, renderer, labels or Labels(), reward_threshold, kwargs or {}
    )
    world.check(world.kwargs)
    WORLDS[env_id] = world
    entry = f"{_ENTRY_POINTS}{world.module}/{env_id}"
    existing = gymnasium.registry.get(env_id)
    if existing is not None and not str(existing.entry_point).startswith(_ENTRY_POINTS):
        return
    gymnasium.registry.pop(env_id, None)
    gymnasium.register(  # pyright: ignore[reportUnknownMemberType] (its dict is bare)
        env_id,
        entry_point=entry,
        vector_entry_point=f"{entry}{VECTOR}",
        reward_threshold=reward_threshold,
        max_episode_steps=max_episode_steps,
        kwargs=dict(world.kwargs),
    )


def make_dynamics(env_id: str, **kwargs: Any) -> tuple[AnyDynamics, int | None]:
    """Make the dynamics of an environment, to be run in batches without Gymnasium.

    Args:
        env_id: a registered id.
        **kwargs: keyword arguments of the dynamics, over those of the id.

    Returns:
        The dynamics, and the most steps of a lifetime.

    Raises:
        ValueError: the id is not known, or an argument is out of its range.
        TypeError: the dynamics have no argument of that name.

    Example:
        >>> from lndp_envs import make_dynamics
        >>> dynamics, max_steps = make_dynamics("lndp/Foraging-v0")
        >>> dynamics.num_tasks, max_steps
        (2, 100)
    """
    if env_id not in WORLDS:
        raise ValueError(f"{env_id!r} has no dynamics here; known are {', '.join(WORLDS)}")
    dynamics = WORLDS[env_id].make(**kwargs)
    return dynamics, WORLDS[env_id].max_episode_steps or dynamics.num_steps


class SingleEntry:
    """Entry point with which Gymnasium makes one environment."""

    def __init__(self, world: RegisteredWorld) -> None:
        self._world = world
        self.metadata = metadata_of(world.renderer)
        render_mode = Parameter("render_mode", Parameter.KEYWORD_ONLY, default=None)
        self.__signature__ = Signature([*world.parameters, render_mode, *world.further])

    def __call__(self, *, render_mode: str | None = None, **kwargs: Any) -> DynamicsEnv:
        """Make the environment; the keywords are those of the dynamics."""
        env = DynamicsEnv(self._world.make(**kwargs), self._world.renderer, render_mode)
        env.__doc__ = self._world.make_dynamics.__doc__
        return env


class VectorEntry:
    """Entry point with which Gymnasium makes a vector environment."""

    def __init__(self, world: RegisteredWorld) -> None:
        self._world = world
        parameters = signature(DynamicsVectorEnv).parameters.values()
        own = [each for each in parameters if each.name not in {"dynamics", "make_renderer"}]
        self._own = {each.name for each in own}
        self.__signature__ = Signature([*own[:1], *world.parameters, *own[1:], *world.further])

    def __call__(self, num_envs: int = 1, **kwargs: Any) -> DynamicsVectorEnv:
        """Make the environment; the keywords are those of the dynamics and of `DynamicsVectorEnv`."""
        dynamics = self._world.make(**{name: kwargs[name] for name in kwargs if name not in self._own})
        own = {name: kwargs[name] for name in kwargs if name in self._own}
        env = DynamicsVectorEnv(dynamics, num_envs, make_renderer=self._world.renderer, **own)
        env.__doc__ = self._world.make_dynamics.__doc__
        return env


_ENTRY_POINTS, VECTOR = "lndp_envs.entry_points:", "/vector"
