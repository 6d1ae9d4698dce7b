"""Configurations that fit the spaces of an environment."""

from typing import Any

from lndp_agents.config import LNDPConfig
from lndp_agents.spaces.decoding import ActionDecoding
from lndp_agents.spaces.encoding import ObservationEncoding, plain_space
from lndp_agents.spaces.kinds import Space
from lndp_agents.validation import shorten

MIN_HIDDEN = 8
"""Hidden nodes that an agent made without a configuration has at least."""


def config_for(
    observation_space: Space,
    action_space: Space,
    encoding: ObservationEncoding | None = None,
    **switches: Any,
) -> LNDPConfig:
    """A configuration that fits the spaces of an environment.

    Args:
        observation_space: Box or Discrete, or the Dict of `lndp_envs.SenseReward`.
        action_space: bounded Box or Discrete.
        encoding: of the observations; `ObservationEncoding.of` the space if none.
        **switches: other fields of `LNDPConfig`. `nodes` is 32, or more where few would be hidden.

    Raises:
        ValueError: a space is refused, or a field is unknown or out of range.
    """
    encoding = encoding or ObservationEncoding.of(observation_space)
    decoding = ActionDecoding.of(action_space)
    nodes = max(LNDPConfig.nodes, encoding.size + decoding.size + MIN_HIDDEN)
    sizes = {
        "observation_size": encoding.size,
        "action_size": decoding.size,
        "discrete_actions": decoding.discrete,
    }
    return LNDPConfig.from_json({"nodes": nodes, **switches, **sizes})


def check_fit(
    config: LNDPConfig, observation_space: Space, action_space: Space, encoding: ObservationEncoding
) -> None:
    """See that a configuration and an encoding are those of the spaces.

    Raises:
        ValueError: they are not; the message names the number and the space.
    """
    observation_space, decoding = plain_space(observation_space), ActionDecoding.of(action_space)
    remedy = "make the configuration with lndp_agents.spaces.config_for"
    if not encoding.accepts(observation_space):
        raise ValueError(
            f"encoding {shorten(encoding.to_json())} does not fit the observation space "
            f"{shorten(observation_space)}: make it with ObservationEncoding.of"
        )
    if config.observation_size != encoding.size:
        raise ValueError(
            f"observation_size={config.observation_size}, but {shorten(observation_space)} gives "
            f"{encoding.size} inputs: {remedy}"
        )
    if config.action_size != decoding.size or config.discrete_actions != decoding.discrete:
        raise ValueError(
            f"action_size={config.action_size} and discrete_actions={config.discrete_actions}, "
            f"but {shorten(action_space)} takes {decoding.size} and {decoding.discrete}: {remedy}"
        )
