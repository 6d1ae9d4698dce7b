"""From the id of an environment to the world that the lives of a population run in."""

import importlib
from collections.abc import Mapping
from typing import Any

import torch
from lndp_envs import LifetimeDynamics, make_dynamics
from lndp_envs.dynamics import Dynamics
from lndp_envs.randomness import fold, uniform
from lndp_envs.registration import WORLDS
from torch import Tensor

from lndp_agents.evolution.gym_world import GymDynamics
from lndp_agents.evolution.lives import World
from lndp_agents.spaces import (
    ActionDecoding,
    AffineEncoding,
    ObservationEncoding,
    PixelEncoding,
    PlaceEncoding,
)
from lndp_agents.spaces.kinds import is_box, telling_bounds
from lndp_agents.validation import shorten

STATISTICS_LIVES, STATISTICS_STEPS = 32, 200
"""Lives and steps of random actions from which the spread of unbounded observations is measured."""


def make_world(
    environment: str,
    keywords: Mapping[str, Any],
    episodes: int = 1,
    encoding: ObservationEncoding | str = "scaled",
) -> World:
    """A world for lives of any population.

    Args:
        environment: any gymnasium id with Box or Discrete spaces; "module:id" imports the module first.
        keywords: keyword arguments of the environment.
        episodes: episodes of a life, for environments that have no lives of their own.
        encoding: of observations; or its name: "scaled" to about unit range, from the bounds of the space or
            else from the spread seen under random actions; "standardized" by that spread, whatever the
            bounds; "place" for place cells; "pixels" for pictures.

    Raises:
        ValueError: the id is unknown, a keyword does not fit, a space is refused, or episodes are asked of an
            environment that has lives.
    """
    dynamics, steps, episodes = make_task(environment, keywords, episodes)
    space = dynamics.observation_space
    if isinstance(encoding, str):
        encoding = _named_encoding(encoding, dynamics)
    elif not encoding.accepts(space):
        raise ValueError(
            f"{environment} gives observations {shorten(space)}, which the agent's encoding does not fit: "
            "name the environment that it was evolved on"
        )
    return World(dynamics, steps, episodes, encoding, ActionDecoding.of(dynamics.action_space))


def make_task(
    environment: str, keywords: Mapping[str, Any], episodes: int = 1
) -> tuple[Dynamics[Any], int, int]:
    """The task of an environment: in batches where `lndp_envs` has it, else through gymnasium.

    Args:
        environment: as in `make_world`.
        keywords: as in `make_world`.
        episodes: as in `make_world`.

    Returns:
        The task, the most steps of a life, and its number of episodes.

    Raises:
        ValueError: as in `make_world`, but for the spaces.
    """
    module, _, name = environment.rpartition(":")
    if module:
        _import(module, environment)
    try:
        if name in WORLDS:
            return _batched(name, keywords, episodes)
        dynamics = GymDynamics(name, keywords, episodes)
    except TypeError as error:
        raise ValueError(
            f"keywords {shorten(dict(keywords))} do not fit {name}: {error}; give those that it takes"
        ) from error
    return dynamics, dynamics.steps, episodes


def _batched(name: str, keywords: Mapping[str, Any], episodes: int) -> tuple[Dynamics[Any], int, int]:
    dynamics, steps = make_dynamics(name, **keywords)
    own_episodes: int | None = getattr(dynamics, "episodes", None)
    if steps is None:
        raise ValueError(f"{name} has no limit of steps: a life must end")
    if own_episodes is not None:
        if episodes not in (1, own_episodes):
            raise ValueError(f"episodes={episodes}: a life of {name} has {own_episodes}; use its keyword")
        return dynamics, steps, own_episodes
    if episodes > 1:
        dynamics = LifetimeDynamics(dynamics, episodes, steps)
    return dynamics, steps * episodes, episodes


def _import(module: str, environment: str) -> None:
    try:
        importlib.import_module(module)
    except ImportError as error:
        raise ValueError(
            f"environment {environment!r}: module {module!r} cannot be imported ({error}); "
            "install it, or run where it lies"
        ) from error


def _named_encoding(name: str, dynamics: Dynamics[Any]) -> ObservationEncoding:
    space = dynamics.observation_space
    if name == "place":
        return PlaceEncoding.of_box(space)
    if name == "pixels":
        return PixelEncoding.of_box(space)
    if name not in ("scaled", "standardized"):
        raise ValueError(
            f"encoding={shorten(name)}: give 'scaled', 'standardized' or 'place' (or 'pixels' to a hebbian)"
        )
    if not is_box(space) or (name == "scaled" and telling_bounds(space)[2].all()):
        return ObservationEncoding.of(space)
    observations = _random_observations(dynamics)
    statistics = observations.mean(0).numpy(), observations.std(0).numpy()
    of_space = ObservationEncoding.of if name == "scaled" else AffineEncoding.standardized
    return of_space(space, *statistics)


def _random_observations(dynamics: Dynamics[Any]) -> Tensor:
    """Observations (any number, *shape) of lives with random actions, always the same ones."""
    keys = fold(torch.arange(STATISTICS_LIVES), 0)
    state = dynamics.reset(keys)
    alive = torch.ones(STATISTICS_LIVES, dtype=torch.bool)
    seen: list[Tensor] = []
    decoding = ActionDecoding.of(dynamics.action_space)
    for step in range(STATISTICS_STEPS):
        seen.append(dynamics.observe(state)[alive].double())
        output = uniform(fold(keys, step + 1), (decoding.size,)) * 2 - 1
        state, _, terminated = dynamics.step(state, decoding.decode(output))
        alive = alive & ~terminated
        if not alive.any():
            break
    return torch.cat(seen)
