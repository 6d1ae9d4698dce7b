"""From the id of an environment to the world that the lives of a population run in."""

import importlib
from collections.abc import Mapping
from typing import Any

import gymnasium
import numpy as np
import torch
from gymnasium.spaces import Box
from lndp_envs import make_dynamics
from lndp_envs.dynamics import Dynamics
from lndp_envs.randomness import fold, uniform
from lndp_envs.registration import WORLDS
from torch import Tensor

from lndp_agents.evolution.gym_world import GymDynamics
from lndp_agents.evolution.lives import World
from lndp_agents.spaces import ActionDecoding, ObservationEncoding, Space

STATISTICS_LIVES, STATISTICS_STEPS = 32, 200
"""Lives and steps of random actions from which the spread of unbounded observations is measured."""


def make_task(environment: str, keywords: Mapping[str, Any], episodes: int = 1) -> tuple[Dynamics[Any], int, int]:
    """The task of an environment: in batches where `lndp_envs` has it, else through gymnasium.

    Args:
        environment: any gymnasium id with Box or Discrete spaces; "module:id" imports the module first.
        keywords: keyword arguments of the environment.
        episodes: episodes of a life, for environments that have no lives of their own.

    Returns:
        The task, the most steps of a life, and its number of episodes.

    Raises:
        ValueError: the id is unknown, a keyword does not fit, or episodes are asked of an environment that has lives.
    """
    module, _, name = environment.rpartition(":")
    if module:
        try:
            importlib.import_module(module)
        except ImportError as error:
            raise ValueError(f"environment {environment!r}: cannot import {module!r} ({error})") from error
    try:
        if name in WORLDS and (episodes == 1 or hasattr(make_dynamics(name, **keywords)[0], "episodes")):
            dynamics, steps = make_dynamics(name, **keywords)
            own_episodes = int(getattr(dynamics, "episodes", 1))
            if episodes not in (1, own_episodes):
                raise ValueError(f"episodes={episodes}: {name} has {own_episodes} in a life; give episodes as a keyword")
            assert steps is not None
            return dynamics, steps, own_episodes
        gym_dynamics = GymDynamics(name, keywords, episodes)
    except TypeError as error:
        raise ValueError(f"keywords {dict(keywords)} of {name}: {error}") from error
    return gym_dynamics, gym_dynamics.steps, episodes


def make_world(
    environment: str,
    keywords: Mapping[str, Any],
    episodes: int = 1,
    encoding: ObservationEncoding | None = None,
) -> World:
    """A world for lives of any population.

    Args:
        environment: as in `make_task`.
        keywords: as in `make_task`.
        episodes: as in `make_task`.
        encoding: of observations; by default scaled to about unit range, from the bounds of the space or else from
            the spread seen under random actions.

    Raises:
        ValueError: as in `make_task`, or a space is refused.
    """
    dynamics, steps, episodes = make_task(environment, keywords, episodes)
    space = dynamics.observation_space
    if encoding is None:
        encoding = ObservationEncoding.of(space, *_statistics(dynamics)) if _is_unbounded(space) else ObservationEncoding.of(space)
    elif not encoding.accepts(space):
        raise ValueError(f"{environment} gives observations {space}, which this agent's encoding does not fit")
    decoding = ActionDecoding.of(dynamics.action_space)
    return World(dynamics, steps, episodes, encoding, decoding)


def _is_unbounded(space: Space) -> bool:
    return isinstance(space, Box) and bool((np.maximum(np.abs(space.low), np.abs(space.high)) > 1e6).any())


def _statistics(dynamics: Dynamics[Any]) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation of each observed number, over lives with random actions."""
    keys = fold(torch.arange(STATISTICS_LIVES), 0)
    state = dynamics.reset(keys)
    over = torch.zeros(STATISTICS_LIVES, dtype=torch.bool)
    seen: list[Tensor] = []
    decoding = ActionDecoding.of(dynamics.action_space)
    for step in range(STATISTICS_STEPS):
        seen.append(dynamics.observe(state)[~over].double())
        output = uniform(fold(keys, step + 1), (decoding.size,)) * 2 - 1
        state, _, terminated = dynamics.step(state, decoding.decode(output))
        over = over | terminated
        if over.all():
            break
    observations = torch.cat(seen)
    return observations.mean(0).numpy(), observations.std(0).numpy()
