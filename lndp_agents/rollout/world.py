"""From the name of an environment to the world that rollouts run in."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from lndp_envs import Dynamics, make_dynamics
from lndp_envs.lifetime import LifetimeDynamics
from lndp_envs.registration import WORLDS

from lndp_agents.environments import DEFAULT_STEPS, MAX_STEPS, check_limit, find_environment
from lndp_agents.rollout.encodings import named_encoding
from lndp_agents.rollout.gym_dynamics import GymDynamics
from lndp_agents.spaces import ActionDecoding, ObservationEncoding, Space
from lndp_agents.validation import shorten


@dataclass(frozen=True)
class World:
    """Dynamics with a horizon, an observation encoder and an action decoder; made once and handed on.

    Raises:
        ValueError: the encoder does not read the observations.

    Example:
        >>> from lndp_agents import World, make_world
        >>> world = make_world("lndp/Foraging-v0")
        >>> isinstance(world, World), world.num_steps, world.encoding.size, world.decoding.size
        (True, 100, 1, 3)
    """

    name: str
    """The name of the environment."""
    dynamics: Dynamics[Any]
    num_steps: int
    """Largest number of steps of a lifetime."""
    episodes: int = 1
    """Number of episodes of a lifetime."""
    encoder: ObservationEncoding | None = None
    """The observation encoder that was chosen; the usual one of the space if None."""

    def __post_init__(self) -> None:
        if self.encoder is not None and not self.encoder.accepts(self.dynamics.observation_space):
            raise ValueError(
                f"{self.name} gives observations {shorten(self.dynamics.observation_space)}, which the "
                "agent's encoding does not fit: name the environment that it was evolved on"
            )

    @property
    def encoding(self) -> ObservationEncoding:
        """The observation encoder: from observations (B, *shape) to input activations (B, O).

        Raises:
            ValueError: none was chosen, and the usual one does not read the observation space.
        """
        return self._encoding

    @property
    def decoding(self) -> ActionDecoding:
        """The action decoder: from output activations (B, M) to actions.

        Raises:
            ValueError: no decoder gives actions of the action space.
        """
        return self._decoding

    @cached_property
    def _encoding(self) -> ObservationEncoding:
        return self.encoder or ObservationEncoding.of(self.dynamics.observation_space)

    @cached_property
    def _decoding(self) -> ActionDecoding:
        return ActionDecoding.of(self.dynamics.action_space)

    def check_actions(self, space: Space, whose: str, remedy: str) -> None:
        """Raise unless a learner gives actions of this world.

        Args:
            space: of the learner's actions.
            whose: name of the learner in the message.
            remedy: advice in the message.

        Raises:
            ValueError: the learner gives other actions.
        """
        if self.dynamics.action_space != space:
            raise ValueError(
                f"{self.name} takes actions {self.dynamics.action_space}, {whose} gives {space}: {remedy}"
            )


def make_world(
    environment: str,
    keywords: Mapping[str, Any] | None = None,
    episodes: int = 1,
    encoding: ObservationEncoding | str | None = "scaled",
) -> World:
    """Make a world: in batches where `lndp_envs` has the environment, else through gymnasium.

    Args:
        environment: name of the environment, see `lndp_agents.environments`.
        keywords: keyword arguments of the environment, and `max_episode_steps`.
        episodes: number of episodes of a lifetime, for environments that have no lifetimes of their own.
        encoding: the observation encoder, or its name, see `rollout.encodings`. If None, encoder and decoder
            are made only when they are used: policies with `predict` need neither.

    Raises:
        ValueError: the environment is unknown, a keyword does not fit, a space is refused, or episodes are
            asked of an environment that has lifetimes.
        WorldError: the environment raised something.

    Example:
        >>> from lndp_agents import make_world
        >>> make_world("CartPole-v1", {"max_episode_steps": 50}, episodes=3).num_steps
        150
    """
    keywords = keywords or {}
    name = find_environment(environment)
    check_limit(keywords)
    if name in WORLDS:
        dynamics, num_steps, episodes = _batched(name, keywords, episodes)
    else:
        dynamics = GymDynamics(environment, keywords, episodes)
        num_steps = dynamics.num_steps
    if isinstance(encoding, str):
        encoding = named_encoding(encoding, dynamics)
    world = World(environment, dynamics, num_steps, episodes, encoding)
    if encoding is not None:
        _ = world.decoding  # refused now, if at all
    return world


def _batched(name: str, keywords: Mapping[str, Any], episodes: int) -> tuple[Dynamics[Any], int, int]:
    own = {key: value for key, value in keywords.items() if key != MAX_STEPS}
    are_theirs = False  # the TypeErrors of dynamics that somebody registered
    try:
        WORLDS[name].check(own)
        are_theirs = not WORLDS[name].module.startswith("lndp_envs.")
        dynamics, limit = make_dynamics(name, **own)
    except TypeError as error:
        if are_theirs:
            raise
        raise ValueError(
            f"keywords {shorten(own)} do not fit {name}: {error}; give those that it takes"
        ) from error
    steps: int = keywords.get(MAX_STEPS) or limit or DEFAULT_STEPS
    own_episodes: int | None = dynamics.episodes
    if own_episodes is not None:
        if episodes not in (1, own_episodes):
            raise ValueError(f"episodes={episodes}: a lifetime of {name} has {own_episodes}; use its keyword")
        return dynamics, steps, own_episodes
    if episodes > 1:
        dynamics = LifetimeDynamics(dynamics, episodes, steps)
    return dynamics, steps * episodes, episodes
