"""From the name of an environment to the world that the lives of a population run in."""

from collections.abc import Mapping
from typing import Any

from lndp_envs import LifetimeDynamics, make_dynamics
from lndp_envs.dynamics import Dynamics
from lndp_envs.registration import WORLDS

from lndp_agents.environments import DEFAULT_STEPS, MAX_STEPS, check_limit, find_environment
from lndp_agents.evolution.gym_world import GymDynamics
from lndp_agents.evolution.lives import World
from lndp_agents.evolution.named_encodings import named_encoding
from lndp_agents.spaces import ActionDecoding, ObservationEncoding
from lndp_agents.validation import shorten


def make_world(
    environment: str,
    keywords: Mapping[str, Any],
    episodes: int = 1,
    encoding: ObservationEncoding | str = "scaled",
) -> World:
    """A world for lives of any population.

    Args:
        environment: name of the environment, see `lndp_agents.environments`.
        keywords: keyword arguments of the environment, and `max_episode_steps`.
        episodes: episodes of a life, for environments that have no lives of their own.
        encoding: of observations; or its name, see `lndp_agents.evolution.named_encodings`.

    Raises:
        ValueError: the environment is unknown, a keyword does not fit, a space is refused, or episodes are
            asked of an environment that has lives.
        WorldError: the environment raised something.
    """
    dynamics, steps, episodes = make_task(environment, keywords, episodes)
    space = dynamics.observation_space
    if isinstance(encoding, str):
        encoding = named_encoding(encoding, dynamics)
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
        WorldError: the environment raised something.
    """
    name = find_environment(environment)
    check_limit(keywords)
    if name in WORLDS:
        return _batched(name, keywords, episodes)
    dynamics = GymDynamics(environment, keywords, episodes)
    return dynamics, dynamics.steps, episodes


def _batched(name: str, keywords: Mapping[str, Any], episodes: int) -> tuple[Dynamics[Any], int, int]:
    own = {key: value for key, value in keywords.items() if key != MAX_STEPS}
    try:
        dynamics, limit = make_dynamics(name, **own)
    except TypeError as error:
        raise ValueError(
            f"keywords {shorten(own)} do not fit {name}: {error}; give those that it takes"
        ) from error
    steps: int = keywords.get(MAX_STEPS) or limit or DEFAULT_STEPS
    own_episodes: int | None = getattr(dynamics, "episodes", None)
    if own_episodes is not None:
        if episodes not in (1, own_episodes):
            raise ValueError(f"episodes={episodes}: a life of {name} has {own_episodes}; use its keyword")
        return dynamics, steps, own_episodes
    if episodes > 1:
        dynamics = LifetimeDynamics(dynamics, episodes, steps)
    return dynamics, steps * episodes, episodes
