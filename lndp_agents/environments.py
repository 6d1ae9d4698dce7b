"""Environments by name, found before anything slow is imported, and made.

A name is an id of Gymnasium; or MODULE:ID, where the module registers it; or MODULE:NAME, where NAME is a
subclass of `gymnasium.Env` in the module, or a function that makes one, or a class of dynamics; or a name
that an installed package announces (`lndp_agents.plugins` finds and imports modules).
"""

from collections.abc import Mapping
from difflib import get_close_matches
from inspect import signature
from types import ModuleType
from typing import Any

import gymnasium
from gymnasium.envs.registration import EnvSpec, load_env_creator
from gymnasium.wrappers import TimeLimit
from lndp_envs import Lifetime, register
from lndp_envs.registration import WORLDS

from lndp_agents.blame import Blamed, blaming
from lndp_agents.notes import note
from lndp_agents.plugins import announced_place, load_module
from lndp_agents.validation import is_integer, shorten

MAX_STEPS = "max_episode_steps"
"""The keyword that limits the steps of an episode, in every environment."""
DEFAULT_STEPS = 1000
"""The limit of environments that have none of their own."""
_OF_GYMNASIUM = {MAX_STEPS, "disable_env_checker"}

Env = gymnasium.Env[Any, Any]


def find_environment(environment: str) -> str:
    """The id of an environment; its module is imported.

    Args:
        environment: its name, see the module.

    Raises:
        ValueError: there is no such module or environment.
        WorldError: the module raised something.
    """
    full_name = announced_place("environment", environment)
    place, _, name = full_name.rpartition(":")
    remedy = "see `lndp envs`, or give MODULE:ID where a module registers it"
    if place:
        module = load_module("environment", full_name)
        made = getattr(module, name, None)
        name = name if made is None else _register(module, name, made)
        remedy = f"give one that {place} registers, or a class of it{_classes(module)}"
    if name in WORLDS:
        return name
    try:
        return gymnasium.spec(name).id
    except gymnasium.error.Error as error:
        near = get_close_matches(f"{name}-v", gymnasium.registry, n=1) if "-v" not in name else []
        guess = f", did you mean {near[0]}?" if near else ""
        raise ValueError(f"environment {environment!r}: {str(error).rstrip('.')}{guess}; {remedy}") from error


def make_env(
    environment: str, keywords: Mapping[str, Any], episodes: int = 1, render_mode: str | None = None
) -> Env:
    """An environment whose episodes end; what goes wrong in it is told in one line.

    Args:
        environment: its name, see the module.
        keywords: its keyword arguments, and `max_episode_steps`, the limit of steps of an episode: if none,
            that of its registration, or else `DEFAULT_STEPS`.
        episodes: episodes of a life.
        render_mode: as Gymnasium has it.

    Raises:
        ValueError: there is no such environment, a keyword does not fit, or a package is missing.
        WorldError: the environment raised something.
    """
    spec = gymnasium.spec(find_environment(environment))
    check_limit(keywords)
    given: dict[str, Any] = {**keywords} if render_mode is None else {**keywords, "render_mode": render_mode}
    _check_keywords(environment, spec, given)
    with blaming(f"environment {environment!r}"):
        env: Env = gymnasium.make(spec, **given)
    if episode_limit(env) is None:
        note(f"{environment} has no limit of steps, so it gets {DEFAULT_STEPS}; --max-steps gives another")
        env = TimeLimit(env, DEFAULT_STEPS)
    env = Blamed(env, environment)
    return Lifetime(env, episodes) if episodes > 1 else env


def episode_limit(env: Env) -> int | None:
    """Most steps of an episode, as the environment is registered and wrapped; none if it has no limit."""
    return env.spec.max_episode_steps if env.spec else None


def with_limit(environment: str, keywords: Mapping[str, Any], episode_steps: int) -> dict[str, Any]:
    """The keywords of an environment; one that is registered without a limit of steps gets that of its world.

    So what is recorded does not depend on the limit that another version gives to such environments.

    Args:
        environment: its name, see the module.
        keywords: as in `make_env`.
        episode_steps: most steps of an episode in the world that was made of these.
    """
    name = find_environment(environment)
    is_limited = name in WORLDS or gymnasium.spec(name).max_episode_steps is not None
    return {**({} if is_limited else {MAX_STEPS: episode_steps}), **keywords}


def check_limit(keywords: Mapping[str, Any]) -> None:
    """See that the limit of steps is one, where it is given.

    Raises:
        ValueError: it is not.
    """
    if MAX_STEPS in keywords and not is_integer(keywords[MAX_STEPS], 1, 10**9):
        raise ValueError(f"{MAX_STEPS}={shorten(keywords[MAX_STEPS])}: give an integer from 1")


def _check_keywords(environment: str, spec: EnvSpec, keywords: Mapping[str, Any]) -> None:
    """See that keywords fit the maker of an environment: a TypeError within it would say nothing of them."""
    with blaming(f"environment {environment!r}"):
        point = spec.entry_point
        maker = load_env_creator(point) if isinstance(point, str) else point
    if not callable(maker):
        raise ValueError(f"environment {environment!r} is registered without a way to make one of it")
    own = {name: value for name, value in keywords.items() if name not in _OF_GYMNASIUM}
    try:
        signature(maker).bind(**spec.kwargs | own)
    except TypeError as error:
        raise ValueError(
            f"keywords {shorten(dict(keywords))} do not fit {environment}: {error}; give those that it takes"
        ) from error


def _register(module: ModuleType, name: str, make: Any) -> str:
    """The id of an environment or of dynamics in a module; it is registered if the module did not do so."""
    for world in WORLDS.values():
        if world.make_dynamics is make:
            return world.env_id
    env_id = f"{module.__name__.replace('.', '-')}/{name}"
    if isinstance(make, type) and hasattr(make, "episode_start"):
        register(env_id, make)
    elif callable(make) and env_id not in gymnasium.registry:
        maker: Any = make
        gymnasium.register(env_id, entry_point=maker)  # pyright: ignore[reportUnknownMemberType]
    return env_id


def _classes(module: ModuleType) -> str:
    """The environments that a module defines, for a message."""
    names = [
        name
        for name, value in vars(module).items()
        if isinstance(value, type)
        and issubclass(value, gymnasium.Env)
        and value.__module__ == module.__name__
    ]
    return f", such as {', '.join(names)}" if names else ""
